//! The loop of a training (`distill/spec/distiller.md`).

use super::{
    exam::Exam,
    gallery::Gallery,
    journal::Journal,
    learner::Learner,
    lesson::Lesson,
    training::{TrainError, Training},
    watch::{Event, Watch},
};
use crate::{
    backend::TrainingBackend,
    loss::Loss,
    snapshot::{Progress, Store},
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
pub(super) struct Run<'a, B: TrainingBackend, L: Lesson<B>, N> {
    pub(super) training: &'a Training<'a, B, L, N>,
    pub(super) teacher: &'a mut dyn Teacher<B::InnerBackend>,
    pub(super) watch: &'a mut dyn Watch,
    pub(super) learner: Learner<B, L::Student>,
    /// The leader's.
    pub(super) journal: Option<Journal>,
    pub(super) store: Store,
    pub(super) exam: Exam<B>,
    pub(super) samples: Exam<B>,
    pub(super) gallery: Gallery<B::InnerBackend>,
    /// Of the step before.
    pub(super) loss: Option<Tensor<B::InnerBackend, 1>>,
    /// When the time was last added up.
    pub(super) now: Instant,
    /// When the loss was last read back.
    pub(super) loss_read: Option<Instant>,
}

impl<B: TrainingBackend, L: Lesson<B>, N> Run<'_, B, L, N> {
    /// Steps until `target` examples are seen; false where it was stopped before.
    pub(super) fn until(&mut self, target: u64) -> Result<bool, TrainError> {
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
}

/// A tensor of one number.
pub(super) fn number<B: Backend>(tensor: &Tensor<B, 1>) -> f64 {
    tensor.clone().into_data().iter::<f64>().sum()
}
