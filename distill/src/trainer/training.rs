//! One student's training: what it is made of, and where it begins.

use super::{
    exam::Exam,
    fit::Fit,
    gallery::{Gallery, Share},
    journal::Journal,
    learner::Learner,
    lesson::Lesson,
    run::Run,
    watch::{Event, Watch},
};
use crate::{
    backend::TrainingBackend,
    examples::{PoseDataset, Poses, Random, Use, held_out_poses},
    parallel::{ParallelError, Peer},
    recipe::{AdamSettings, Course, Intervals},
    snapshot::{Newest, Progress, SnapshotError, Store},
    teacher::Teacher,
};
use std::{collections::BTreeMap, path::PathBuf, sync::atomic::AtomicBool, time::Instant};
use thiserror::Error;

/// One student's training.
pub struct Training<'a, B: TrainingBackend, L: Lesson<B>, N> {
    /// What is learnt.
    pub lesson: &'a L,
    /// In which phases.
    pub course: &'a Course<N, L::Losses>,
    /// The optimiser's constants.
    pub adam: AdamSettings,
    /// How often what is done.
    pub intervals: Intervals,
    /// Examples a step of each device.
    pub batch: usize,
    /// The configuration's two: the first decides the poses that are drawn and what is replayed, the second the
    /// initial weights.
    pub seeds: [u64; 2],
    /// Poses to train on; without them they are drawn.
    pub dataset: Option<PoseDataset>,
    /// Number of held-out poses.
    pub held_out_poses: usize,
    /// Examples between two sample sheets, or none of these.
    pub sample_interval: Option<u64>,
    /// What else makes this training what it is, by name; see [`Progress::ingredients`].
    pub ingredients: BTreeMap<String, String>,
    /// The student's folder.
    pub folder: PathBuf,
    /// Bytes of the device's memory, to which what is kept and computed at once is fitted.
    pub memory: u64,
    /// Set when it should stop.
    pub stop: &'a AtomicBool,
    /// On what it runs, and with whom. The first of several peers writes and tells, the others only train along.
    pub peer: &'a Peer<B::InnerBackend>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome<S> {
    /// The student.
    pub student: S,
    /// How far it got.
    pub progress: Progress,
    /// Whether it got to the examples that were asked for; otherwise it was stopped.
    pub reached: bool,
}

/// Why a training cannot go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Its state could not be kept.
    #[error("the {student}'s training cannot be kept: {source}")]
    Save {
        /// The network.
        student: &'static str,
        /// Why.
        source: SnapshotError,
    },
    /// There is a snapshot of another training.
    #[error("the {student}'s snapshots are of a training with another {}", .changed.join(", another "))]
    Another {
        /// The network.
        student: &'static str,
        /// The ingredients that differ.
        changed: Vec<String>,
    },
    /// There is a snapshot of another network.
    #[error("the {student}'s snapshot does not fit the network: `{tensor}` is missing or of another shape")]
    Misfit {
        /// The network.
        student: &'static str,
        /// The first tensor that does not fit.
        tensor: String,
    },
    /// Devices that train together lost each other.
    #[error(transparent)]
    Parallel(#[from] ParallelError),
    /// The error is no number any more.
    #[error("the {student}'s loss is {loss} after {examples} examples; the last snapshot is from before")]
    Diverged {
        /// The network.
        student: &'static str,
        /// What it was last.
        loss: f64,
        /// Examples seen.
        examples: u64,
    },
}

type Learning<B, L> = Learner<B, <L as Lesson<B>>::Student>;

impl<B: TrainingBackend, L: Lesson<B>, N> Training<'_, B, L, N> {
    /// Trains until `target` examples have been seen, or as many as the course has; begins where the newest whole
    /// snapshot is.
    ///
    /// # Errors
    /// [`TrainError`]; what was kept before still is.
    pub fn run(
        &self,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        watch: &mut dyn Watch,
        target: u64,
    ) -> Result<Outcome<L::Student>, TrainError> {
        let total = self.course.examples();
        let target = target.min(total);
        let (learner, fresh) = self.begin(watch)?;
        let phases = self.course.phases.len();
        watch.tell(&Event::Begun { student: L::NAME, progress: &learner.progress, total, target, phases });
        let mut run = self.start(learner, teacher, watch);
        if fresh && target > 0 && self.leads() {
            run.measure();
            run.checkpoint()?;
        }
        let reached = run.until(target)?;
        let Learner { student, progress, .. } = run.learner;
        Ok(Outcome { student, progress, reached })
    }

    fn device(&self) -> &B::Device {
        self.peer.device()
    }

    /// Whether it is the one that writes and tells.
    pub(super) fn leads(&self) -> bool {
        self.peer.rank() == 0
    }

    fn start<'a>(
        &'a self,
        learner: Learning<B, L>,
        teacher: &'a mut dyn Teacher<B::InnerBackend>,
        watch: &'a mut dyn Watch,
    ) -> Run<'a, B, L, N> {
        let phase_ends = self.course.phases.iter().map(|phase| phase.until).collect();
        let fit = Fit::new::<B, L, N>(self.lesson, self.course, self.memory, self.device());
        self.tell(&fit, watch);
        let exam = Exam::new(held_out_poses(self.held_out_poses), self.batch.min(fit.whole), self.device().clone());
        let samples = Poses::new(self.dataset.clone(), self.seeds[0], 1).samples(self.seeds[1], L::SAMPLES);
        Run {
            training: self,
            journal: self.leads().then(|| Journal::open(&self.folder, learner.progress.examples, phase_ends, watch)),
            store: Store::new(&self.folder),
            gallery: self.gallery(fit, &learner.progress),
            exam,
            samples: Exam::new(samples, 1, self.device().clone()),
            loss: None,
            loss_read: None,
            now: Instant::now(),
            learner,
            teacher,
            watch,
        }
    }

    /// The student as the newest whole snapshot has it, or a new one; and whether it is new.
    fn begin(&self, watch: &mut dyn Watch) -> Result<(Learning<B, L>, bool), TrainError> {
        let store = Store::new(&self.folder);
        // Another peer may be here while the first one writes already.
        if self.leads() {
            store.clean();
        }
        let seed = Random::new(self.seeds[1], Use::Weights, 0).number();
        let progress = Progress::new(self.ingredients.clone());
        let learner = Learner::new(self.lesson.begin(seed, self.device()), &self.adam, progress);
        let Newest { snapshot, damaged } = store.newest();
        for damaged in &damaged {
            watch.tell(&Event::Damaged(damaged));
        }
        let Some((_, snapshot)) = snapshot else { return Ok((learner, true)) };
        let changed = snapshot.progress.differing(&self.ingredients);
        if !changed.is_empty() {
            return Err(TrainError::Another { student: L::NAME, changed });
        }
        let restored = learner.restored(snapshot, self.device());
        restored.map(|learner| (learner, false)).map_err(|tensor| TrainError::Misfit { student: L::NAME, tensor })
    }

    /// Says what does not fit as the recipe wishes.
    fn tell(&self, fit: &Fit, watch: &mut dyn Watch) {
        if let Some((wished, kept)) = self.course.replay.zip(fit.replay).filter(|(wished, kept)| wished != kept) {
            watch.tell(&Event::Fitted { student: L::NAME, wished: &wished, kept: &kept });
        }
    }

    fn gallery(&self, fit: Fit, progress: &Progress) -> Gallery<B::InnerBackend> {
        let share = Share { rank: self.peer.rank() as u64, count: self.peer.count() as u64 };
        let batch = self.course.replay.map_or(self.batch, |replay| replay.teacher_batch) * self.peer.count();
        let poses = Poses::new(self.dataset.clone(), self.seeds[0], batch);
        let position = [self.seeds[0], progress.steps];
        let gallery = Gallery::new(poses, self.batch, share, self.device().clone(), L::EDGE, fit, position);
        gallery.focused_on(self.lesson.focus())
    }
}
