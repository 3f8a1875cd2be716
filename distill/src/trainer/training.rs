//! The loop (`spec/THA4.md` §9.5).

use super::{
    exam::Exam,
    gallery::{Gallery, Share},
    journal::Journal,
    learner::Learner,
    lesson::Lesson,
    watch::{Event, Watch},
};
use crate::{
    backend::TrainingBackend,
    examples::{PoseDataset, Poses, Random, Use, held_out_poses},
    loss::Loss,
    parallel::{ParallelError, Peer},
    recipe::{AdamSettings, Course, Intervals},
    snapshot::{HeldOut, Newest, Progress, SnapshotError, Store},
    teacher::Teacher,
};
use burn::tensor::{Tensor, backend::Backend};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use thiserror::Error;

/// How often the loss is read back, which makes the device wait.
const LOSS_INTERVAL: Duration = Duration::from_secs(1);

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
    fn leads(&self) -> bool {
        self.peer.rank() == 0
    }

    fn start<'a>(
        &'a self,
        learner: Learning<B, L>,
        teacher: &'a mut dyn Teacher<B::InnerBackend>,
        watch: &'a mut dyn Watch,
    ) -> Run<'a, B, L, N> {
        let phase_ends = self.course.phases.iter().map(|phase| phase.until).collect();
        let exam = Exam::new(held_out_poses(self.held_out_poses), self.batch, self.device().clone());
        let samples = Poses::new(self.dataset.clone(), self.seeds[0], 1).samples(self.seeds[1], L::SAMPLES);
        Run {
            training: self,
            journal: self.leads().then(|| Journal::open(&self.folder, learner.progress.examples, phase_ends, watch)),
            store: Store::new(&self.folder),
            gallery: self.gallery(&learner.progress),
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

    fn gallery(&self, progress: &Progress) -> Gallery<B::InnerBackend> {
        let share = Share { rank: self.peer.rank() as u64, count: self.peer.count() as u64 };
        let batch = self.course.replay.map_or(self.batch, |replay| replay.teacher_batch) * self.peer.count();
        let poses = Poses::new(self.dataset.clone(), self.seeds[0], batch);
        let replay = self.course.replay.map(|replay| (replay, self.seeds[0], progress.steps));
        Gallery::new(poses, self.batch, share, self.device().clone(), L::EDGE, replay)
    }
}

/// A training while it runs.
struct Run<'a, B: TrainingBackend, L: Lesson<B>, N> {
    training: &'a Training<'a, B, L, N>,
    teacher: &'a mut dyn Teacher<B::InnerBackend>,
    watch: &'a mut dyn Watch,
    learner: Learning<B, L>,
    /// The leader's.
    journal: Option<Journal>,
    store: Store,
    exam: Exam<B>,
    samples: Exam<B>,
    gallery: Gallery<B::InnerBackend>,
    /// Of the step before.
    loss: Option<Tensor<B::InnerBackend, 1>>,
    /// When the time was last added up.
    now: Instant,
    /// When the loss was last read back.
    loss_read: Option<Instant>,
}

impl<B: TrainingBackend, L: Lesson<B>, N> Run<'_, B, L, N> {
    /// Steps until `target` examples are seen; false where it was stopped before.
    fn until(&mut self, target: u64) -> Result<bool, TrainError> {
        let mut kept = self.learner.progress.examples;
        while self.learner.progress.examples < target {
            let before = self.learner.progress.examples;
            if !(self.paint() && self.step()?) {
                self.save_at_last(kept)?;
                return Ok(false);
            }
            if self.milestones(before)? {
                kept = self.learner.progress.examples;
            }
        }
        self.finish(kept)?;
        Ok(true)
    }

    /// Has the teacher paint what the next step needs; false when it should stop.
    fn paint(&mut self) -> bool {
        let of = self.gallery.missing(self.learner.progress.steps);
        for done in 0..of {
            // One batch between two steps is nothing to tell.
            if of > 1 {
                self.watch.tell(&Event::Painting { done, of });
            }
            if self.stopped() {
                return false;
            }
            self.gallery.paint(self.training.lesson, self.teacher);
        }
        !self.stopped()
    }

    fn stopped(&self) -> bool {
        self.training.stop.load(Ordering::Relaxed)
    }

    /// One step; false when it should stop.
    fn step(&mut self) -> Result<bool, TrainError> {
        let Training { lesson, course, batch, .. } = self.training;
        let Progress { steps, examples: seen, .. } = self.learner.progress;
        let phase = course.phase(seen);
        let examples = self.gallery.examples(*lesson, self.teacher, steps, seen);
        let (loss, gradients) = self.learner.look(*lesson, examples, course.phases[phase].losses);
        let gradients = match self.training.peer.mean_gradients(gradients) {
            Ok(gradients) => gradients,
            // A peer that stops leaves the others, who were told to stop too.
            Err(_) if self.stopped() => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let examples = (*batch * self.training.peer.count()) as u64;
        self.learner.step(gradients, course.phases[phase].learning_rate, examples);
        self.learner.progress.seconds += self.now.elapsed().as_secs_f64();
        self.now = Instant::now();
        self.watch.tell(&Event::Step { progress: &self.learner.progress, phase });
        self.tell_loss(&loss, course.phases[phase].learning_rate);
        // Without what it was computed from, which would stay in memory with it.
        self.loss = Some(loss.total.inner());
        Ok(true)
    }

    /// Reads the loss back, now and then.
    fn tell_loss(&mut self, loss: &Loss<B>, learning_rate: f64) {
        let recent = self.loss_read.is_some_and(|last| last.elapsed() < LOSS_INTERVAL);
        let Some(journal) = self.journal.as_mut().filter(|_| !recent) else { return };
        let terms: Vec<(&'static str, f64)> = loss.terms.iter().map(|(name, term)| (*name, number(term))).collect();
        let (examples, total) = (self.learner.progress.examples, number(&loss.total));
        journal.loss::<B, L>(examples, learning_rate, (total, &terms), self.watch);
        self.watch.tell(&Event::Loss { examples, learning_rate, total, terms: &terms });
        self.loss_read = Some(Instant::now());
    }

    /// What is due after a step that began with `before` examples; whether the state was kept.
    fn milestones(&mut self, before: u64) -> Result<bool, TrainError> {
        if !self.training.leads() {
            return Ok(false);
        }
        let Intervals { snapshot, checkpoint, held_out } = self.training.intervals;
        let passed = |interval: u64| before / interval < self.learner.progress.examples / interval;
        let sample = self.training.sample_interval.is_some_and(passed);
        let (snapshot, checkpoint, held_out) = (passed(snapshot), passed(checkpoint), passed(held_out));
        if snapshot || checkpoint {
            self.ensure_finite()?;
        }
        if held_out {
            self.measure();
        }
        if sample {
            self.sample();
        }
        if checkpoint {
            self.try_to_keep(Self::checkpoint_files);
        }
        Ok((snapshot || checkpoint) && self.try_to_keep(Self::snapshot_file))
    }

    /// The state at the end, measured and kept where it was not yet.
    fn finish(&mut self, kept: u64) -> Result<(), TrainError> {
        if !self.training.leads() {
            return Ok(());
        }
        let examples = self.learner.progress.examples;
        if self.learner.progress.held_out.is_none_or(|held_out| held_out.examples < examples) {
            self.ensure_finite()?;
            self.measure();
            return self.save();
        }
        self.save_at_last(kept)
    }

    /// Keeps the state, unless it was when `kept` examples were seen.
    fn save_at_last(&mut self, kept: u64) -> Result<(), TrainError> {
        if self.learner.progress.examples == kept || !self.training.leads() {
            return Ok(());
        }
        self.ensure_finite()?;
        self.save()
    }

    fn save(&mut self) -> Result<(), TrainError> {
        self.snapshot_file().map_err(|source| TrainError::Save { student: L::NAME, source })?;
        self.watch.tell(&Event::Saved { examples: self.learner.progress.examples });
        Ok(())
    }

    /// The checkpoint of the beginning; where not even this can be written, training is not begun.
    fn checkpoint(&mut self) -> Result<(), TrainError> {
        self.checkpoint_files().map_err(|source| TrainError::Save { student: L::NAME, source })
    }

    /// Keeps the state; a failure is told, and training goes on.
    fn try_to_keep(&mut self, write: impl FnOnce(&mut Self) -> Result<(), SnapshotError>) -> bool {
        let written = write(self);
        let event = match &written {
            Ok(()) => Event::Saved { examples: self.learner.progress.examples },
            Err(error) => Event::NotSaved(error),
        };
        self.watch.tell(&event);
        written.is_ok()
    }

    fn snapshot_file(&mut self) -> Result<(), SnapshotError> {
        self.store.save(&self.learner.snapshot())
    }

    fn checkpoint_files(&mut self) -> Result<(), SnapshotError> {
        let snapshot = self.learner.snapshot();
        let number = snapshot.progress.examples / self.training.intervals.checkpoint;
        let weights = self.training.lesson.weights(&self.learner.student);
        let pt = weights.to_torch().map_err(|error| SnapshotError::Content(error.to_string()))?;
        self.store.save_checkpoint(number, &snapshot, &pt)
    }

    /// A state that is no numbers any more must not take the place of one that is.
    fn ensure_finite(&self) -> Result<(), TrainError> {
        let loss = self.loss.as_ref().map_or(0.0, number);
        let examples = self.learner.progress.examples;
        if loss.is_finite() { Ok(()) } else { Err(TrainError::Diverged { student: L::NAME, loss, examples }) }
    }

    /// Measures the error on the held-out poses; a stop does not wait for it.
    fn measure(&mut self) {
        if !paint_all(&mut self.exam, self.training, self.teacher, self.watch) {
            return;
        }
        let l1 = self.exam.l1(self.training.lesson, &self.learner.student);
        let examples = self.learner.progress.examples;
        let held_out = HeldOut { examples, l1 };
        self.learner.progress.held_out = Some(held_out);
        if let Some(journal) = &mut self.journal {
            journal.held_out(examples, l1, self.watch);
            journal.plot(L::NAME, self.watch);
        }
        self.watch.tell(&Event::HeldOut(held_out));
    }

    /// Draws the sample sheet, where sheets are wished for; a stop does not wait for it.
    fn sample(&mut self) {
        if self.training.sample_interval.is_none()
            || !paint_all(&mut self.samples, self.training, self.teacher, self.watch)
        {
            return;
        }
        let (lesson, examples) = (self.training.lesson, self.learner.progress.examples);
        if let Some(journal) = &self.journal {
            journal.sheet(lesson, &self.learner.student, &self.samples, examples, self.watch);
        }
    }
}

/// Has the teacher paint what is missing of an exam; false when it should stop.
fn paint_all<B: TrainingBackend, L: Lesson<B>, N>(
    exam: &mut Exam<B>,
    training: &Training<'_, B, L, N>,
    teacher: &mut dyn Teacher<B::InnerBackend>,
    watch: &mut dyn Watch,
) -> bool {
    let of = exam.missing() as u64;
    for done in 0..of {
        watch.tell(&Event::Painting { done, of });
        if training.stop.load(Ordering::Relaxed) {
            return false;
        }
        exam.paint(training.lesson, teacher);
    }
    true
}

/// A tensor of one number.
fn number<B: Backend>(tensor: &Tensor<B, 1>) -> f64 {
    tensor.clone().into_data().iter::<f64>().sum()
}
