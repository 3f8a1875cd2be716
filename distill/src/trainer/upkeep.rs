//! What a training does beside its steps: it keeps its state, measures itself, and draws samples.

use super::{
    exam::Exam,
    lesson::Lesson,
    run::{Run, number},
    training::{TrainError, Training},
    watch::{Event, Watch},
};
use crate::{
    backend::TrainingBackend,
    recipe::Intervals,
    snapshot::{HeldOut, SnapshotError},
    teacher::Teacher,
};
use std::sync::atomic::Ordering;

impl<B: TrainingBackend, L: Lesson<B>, N> Run<'_, B, L, N> {
    /// What is due after a step that began with `before` examples; whether the state was kept.
    pub(super) fn milestones(&mut self, before: u64) -> Result<bool, TrainError> {
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
    pub(super) fn finish(&mut self, kept: u64) -> Result<(), TrainError> {
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
    pub(super) fn save_at_last(&mut self, kept: u64) -> Result<(), TrainError> {
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
    pub(super) fn checkpoint(&mut self) -> Result<(), TrainError> {
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
    pub(super) fn measure(&mut self) {
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

    /// Draws the sample sheet; a stop does not wait for it.
    fn sample(&mut self) {
        if !paint_all(&mut self.samples, self.training, self.teacher, self.watch) {
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
