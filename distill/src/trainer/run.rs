//! The loop of a training (`distill/spec/distiller.md`).

use super::{
    objective::Objective,
    observer::{Event, ProgressObserver},
    replay_buffer::ReplayBuffer,
    report_writer::ReportWriter,
    train_state::TrainState,
    training::{TrainError, Training},
    validation::ValidationSet,
};
use crate::{
    backend::TrainingBackend,
    checkpoint::{CheckpointStore, Progress},
    loss::Loss,
    teacher::Teacher,
};
use burn::tensor::{Tensor, backend::Backend};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// How often the loss is read back, which makes the device wait.
const LOSS_INTERVAL: Duration = Duration::from_secs(1);

/// A training while it runs.
pub(super) struct Run<'a, B: TrainingBackend, L: Objective<B>, N> {
    pub(super) training: &'a Training<'a, B, L, N>,
    pub(super) teacher: &'a mut dyn Teacher<B::InnerBackend>,
    pub(super) observer: &'a mut dyn ProgressObserver,
    pub(super) state: TrainState<B, L::Student>,
    /// The leader's.
    pub(super) writer: Option<ReportWriter>,
    pub(super) store: CheckpointStore,
    pub(super) validation: ValidationSet<B>,
    pub(super) samples: ValidationSet<B>,
    pub(super) replay_buffer: ReplayBuffer<B::InnerBackend>,
    /// Of the step before.
    pub(super) loss: Option<Tensor<B::InnerBackend, 1>>,
    /// When the time was last added up.
    pub(super) now: Instant,
    /// When the loss was last read back.
    pub(super) loss_read: Option<Instant>,
}

impl<B: TrainingBackend, L: Objective<B>, N> Run<'_, B, L, N> {
    /// Steps until `target` examples are seen; false where it was stopped before.
    pub(super) fn until(&mut self, target: u64) -> Result<bool, TrainError> {
        let mut kept = self.state.progress.examples;
        while self.state.progress.examples < target {
            let before = self.state.progress.examples;
            if !(self.paint() && self.step()?) {
                self.save_at_last(kept)?;
                return Ok(false);
            }
            if self.milestones(before)? {
                kept = self.state.progress.examples;
            }
        }
        self.finish(kept)?;
        Ok(true)
    }

    /// Has the teacher paint what the next step needs; false when it should stop.
    fn paint(&mut self) -> bool {
        let of = self.replay_buffer.missing(self.state.progress.steps);
        for done in 0..of {
            // One batch between two steps is nothing to tell.
            if of > 1 {
                self.observer.notify(&Event::Painting { done, of });
            }
            if self.stopped() {
                return false;
            }
            self.replay_buffer.paint(self.training.objective, self.teacher);
        }
        !self.stopped()
    }

    fn stopped(&self) -> bool {
        self.training.stop.load(Ordering::Relaxed)
    }

    /// One step; false when it should stop.
    fn step(&mut self) -> Result<bool, TrainError> {
        let Training { objective, student_recipe, batch, .. } = self.training;
        let Progress { steps, examples: seen, .. } = self.state.progress;
        let phase = student_recipe.phase(seen);
        let examples = self.replay_buffer.examples(*objective, self.teacher, steps, seen);
        let (loss, gradients) =
            self.state.loss_and_gradients(*objective, examples, student_recipe.phases[phase].losses);
        let gradients = match self.training.peer.mean_gradients(&self.state.student, gradients) {
            Ok(gradients) => gradients,
            // A peer that stops leaves the others, who were told to stop too.
            Err(_) if self.stopped() => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let examples = (*batch * self.training.peer.count()) as u64;
        self.state.step(gradients, student_recipe.phases[phase].learning_rate, examples);
        self.state.progress.seconds += self.now.elapsed().as_secs_f64();
        self.now = Instant::now();
        self.observer.notify(&Event::Step { progress: &self.state.progress, phase });
        self.report_loss(&loss, student_recipe.phases[phase].learning_rate);
        self.loss = Some(loss.total.inner());
        Ok(true)
    }

    /// Reads the loss back, now and then.
    fn report_loss(&mut self, loss: &Loss<B>, learning_rate: f64) {
        let recent = self.loss_read.is_some_and(|last| last.elapsed() < LOSS_INTERVAL);
        let Some(writer) = self.writer.as_mut().filter(|_| !recent) else { return };
        let terms: Vec<(&'static str, f64)> = loss.terms.iter().map(|(name, term)| (*name, number(term))).collect();
        let (examples, total) = (self.state.progress.examples, number(&loss.total));
        writer.loss::<B, L>(examples, learning_rate, (total, &terms), self.observer);
        self.observer.notify(&Event::Loss { examples, learning_rate, total, terms: &terms });
        self.loss_read = Some(Instant::now());
    }
}

/// A tensor of one number.
pub(super) fn number<B: Backend>(tensor: &Tensor<B, 1>) -> f64 {
    tensor.clone().into_data().iter::<f64>().sum()
}
