//! Starts a training: from the newest checkpoint or from new weights, up to a number of examples.

use super::{
    fit::Fit,
    objective::Objective,
    observer::{Event, ProgressObserver},
    replay_buffer::{ReplayBuffer, Share},
    report_writer::ReportWriter,
    run::Run,
    train_state::TrainState,
    training::{Outcome, TrainError, Training},
    validation::ValidationSet,
};
use crate::{
    backend::TrainingBackend,
    checkpoint::{CheckpointStore, Newest, Progress},
    examples::{Poses, Random, Use, held_out_poses},
    teacher::Teacher,
};
use std::time::Instant;

type State<B, L> = TrainState<B, <L as Objective<B>>::Student>;

impl<B: TrainingBackend, L: Objective<B>, N> Training<'_, B, L, N> {
    /// Trains from the newest intact checkpoint until `target` examples have been seen, at most the recipe's total.
    ///
    /// # Errors
    /// [`TrainError`]; earlier checkpoints are untouched.
    pub fn run(
        &self,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        observer: &mut dyn ProgressObserver,
        target: u64,
    ) -> Result<Outcome<L::Student>, TrainError> {
        let total = self.student_recipe.examples();
        let target = target.min(total);
        let (state, fresh) = self.begin(observer)?;
        let phases = self.student_recipe.phases.len();
        observer.notify(&Event::Begun { student: L::NAME, progress: &state.progress, total, target, phases });
        let mut run = self.start(state, teacher, observer);
        if fresh && target > 0 && self.leads() {
            run.measure();
            run.save_first_checkpoint()?;
        }
        let reached = run.until(target)?;
        let TrainState { student, progress, .. } = run.state;
        Ok(Outcome { student, progress, reached })
    }

    fn device(&self) -> &B::Device {
        self.peer.device()
    }

    fn start<'a>(
        &'a self,
        state: State<B, L>,
        teacher: &'a mut dyn Teacher<B::InnerBackend>,
        observer: &'a mut dyn ProgressObserver,
    ) -> Run<'a, B, L, N> {
        let phase_ends = self.student_recipe.phases.iter().map(|phase| phase.until).collect();
        let fit = Fit::new::<B, L, N>(self.objective, self.student_recipe, self.memory, self.device());
        self.report_fit(&fit, observer);
        let held_out = held_out_poses(self.held_out_poses);
        let samples = Poses::new(self.dataset.clone(), self.seeds[0], 1).samples(self.seeds[1], L::SAMPLES);
        let seen = state.progress.examples;
        Run {
            training: self,
            writer: self.leads().then(|| ReportWriter::open(&self.folder, seen, phase_ends, observer)),
            store: CheckpointStore::new(&self.folder),
            replay_buffer: self.replay_buffer(fit, &state.progress),
            validation: ValidationSet::new(held_out, self.batch.min(fit.whole), self.device().clone()),
            samples: ValidationSet::new(samples, 1, self.device().clone()),
            loss: None,
            loss_read: None,
            now: Instant::now(),
            state,
            teacher,
            observer,
        }
    }

    /// The student from the newest intact checkpoint, or a new one; and whether it is new.
    fn begin(&self, observer: &mut dyn ProgressObserver) -> Result<(State<B, L>, bool), TrainError> {
        let store = CheckpointStore::new(&self.folder);
        // Another peer may get here when the first one is already writing.
        if self.leads() {
            store.clean();
        }
        let seed = Random::new(self.seeds[1], Use::Weights, 0).number();
        let progress = Progress::new(self.fingerprint.clone());
        let state = TrainState::new(self.objective.begin(seed, self.device()), &self.adam, progress);
        let Newest { checkpoint, damaged } = store.newest();
        for damaged in &damaged {
            observer.notify(&Event::Damaged(damaged));
        }
        let Some((_, checkpoint)) = checkpoint else { return Ok((state, true)) };
        let changed = checkpoint.progress.differing(&self.fingerprint);
        if !changed.is_empty() {
            return Err(TrainError::Another { student: L::NAME, changed });
        }
        let restored = state.restored(checkpoint, self.device());
        restored.map(|state| (state, false)).map_err(|tensor| TrainError::Misfit { student: L::NAME, tensor })
    }

    /// Reports what the device cannot hold as the recipe asks.
    fn report_fit(&self, fit: &Fit, observer: &mut dyn ProgressObserver) {
        let fitted = self.student_recipe.replay.zip(fit.replay).filter(|(wished, kept)| wished != kept);
        if let Some((wished, kept)) = fitted {
            observer.notify(&Event::Fitted { student: L::NAME, wished: &wished, kept: &kept });
        }
    }

    fn replay_buffer(&self, fit: Fit, progress: &Progress) -> ReplayBuffer<B::InnerBackend> {
        let share = Share { rank: self.peer.rank() as u64, count: self.peer.count() as u64 };
        let batch = self.student_recipe.replay.map_or(self.batch, |replay| replay.teacher_batch) * self.peer.count();
        let poses = Poses::new(self.dataset.clone(), self.seeds[0], batch);
        let position = [self.seeds[0], progress.steps];
        let buffer = ReplayBuffer::new(poses, self.batch, share, self.device().clone(), L::EDGE, fit, position);
        buffer.focused_on(self.objective.focus())
    }
}
