//! What a training does between its steps: saves checkpoints, validates, and draws samples.

use super::{
    objective::Objective,
    observer::{Event, ProgressObserver},
    run::{Run, number},
    training::{TrainError, Training},
    validation::ValidationSet,
};
use crate::{
    backend::TrainingBackend,
    checkpoint::{CheckpointError, HeldOut},
    recipe::Intervals,
    teacher::Teacher,
};
use std::sync::atomic::Ordering;

impl<B: TrainingBackend, L: Objective<B>, N> Run<'_, B, L, N> {
    /// Does what is due after a step that started at `before` examples; returns whether the state was saved.
    pub(super) fn milestones(&mut self, before: u64) -> Result<bool, TrainError> {
        if !self.training.leads() {
            return Ok(false);
        }
        let Intervals { snapshot, checkpoint, held_out } = self.training.intervals;
        let passed = |interval: u64| before / interval < self.state.progress.examples / interval;
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
            self.try_to_save(Self::save_permanent);
        }
        Ok((snapshot || checkpoint) && self.try_to_save(Self::save_rolling))
    }

    /// Measures and saves the final state, unless that is done.
    pub(super) fn finish(&mut self, kept: u64) -> Result<(), TrainError> {
        if !self.training.leads() {
            return Ok(());
        }
        let examples = self.state.progress.examples;
        if self.state.progress.held_out.is_none_or(|held_out| held_out.examples < examples) {
            self.ensure_finite()?;
            self.measure();
            return self.save();
        }
        self.save_at_last(kept)
    }

    /// Saves the state, unless it was saved after these examples, at `kept`.
    pub(super) fn save_at_last(&mut self, kept: u64) -> Result<(), TrainError> {
        if self.state.progress.examples == kept || !self.training.leads() {
            return Ok(());
        }
        self.ensure_finite()?;
        self.save()
    }

    fn save(&mut self) -> Result<(), TrainError> {
        self.save_rolling().map_err(|source| TrainError::Save { student: L::NAME, source })?;
        self.observer.notify(&Event::Saved { examples: self.state.progress.examples });
        Ok(())
    }

    /// Saves the checkpoint at the start; if even this fails, training does not start.
    pub(super) fn save_first_checkpoint(&mut self) -> Result<(), TrainError> {
        self.save_permanent().map_err(|source| TrainError::Save { student: L::NAME, source })
    }

    /// Saves the state; a failure is reported, and training goes on.
    fn try_to_save(&mut self, write: impl FnOnce(&mut Self) -> Result<(), CheckpointError>) -> bool {
        let written = write(self);
        let event = match &written {
            Ok(()) => Event::Saved { examples: self.state.progress.examples },
            Err(error) => Event::NotSaved(error),
        };
        self.observer.notify(&event);
        written.is_ok()
    }

    fn save_rolling(&mut self) -> Result<(), CheckpointError> {
        self.store.save(&self.state.checkpoint())
    }

    fn save_permanent(&mut self) -> Result<(), CheckpointError> {
        let checkpoint = self.state.checkpoint();
        let number = checkpoint.progress.examples / self.training.intervals.checkpoint;
        let weights = self.training.objective.weights(&self.state.student);
        let pt = weights.to_torch().map_err(|error| CheckpointError::Content(error.to_string()))?;
        self.store.save_permanent(number, &checkpoint, &pt)
    }

    /// An error if the last loss is not finite: such a state must not replace a good one.
    fn ensure_finite(&self) -> Result<(), TrainError> {
        let loss = self.loss.as_ref().map_or(0.0, number);
        let examples = self.state.progress.examples;
        if loss.is_finite() { Ok(()) } else { Err(TrainError::Diverged { student: L::NAME, loss, examples }) }
    }

    /// Measures the error on the held-out poses, unless stopped.
    pub(super) fn measure(&mut self) {
        if !render_all(&mut self.validation, self.training, self.teacher, self.observer) {
            return;
        }
        let l1 = self.validation.l1(self.training.objective, &self.state.student);
        let examples = self.state.progress.examples;
        let held_out = HeldOut { examples, l1 };
        self.state.progress.held_out = Some(held_out);
        if let Some(writer) = &mut self.writer {
            writer.held_out(examples, l1, self.observer);
            writer.plot(L::NAME, self.observer);
        }
        self.observer.notify(&Event::HeldOut(held_out));
    }

    /// Draws the sample sheet, unless stopped.
    fn sample(&mut self) {
        if !render_all(&mut self.samples, self.training, self.teacher, self.observer) {
            return;
        }
        let (objective, examples) = (self.training.objective, self.state.progress.examples);
        if let Some(writer) = &self.writer {
            writer.sheet(objective, &self.state.student, &self.samples, examples, self.observer);
        }
    }
}

/// Has the teacher render a set's missing targets; false if the training should stop.
fn render_all<B: TrainingBackend, L: Objective<B>, N>(
    validation: &mut ValidationSet<B>,
    training: &Training<'_, B, L, N>,
    teacher: &mut dyn Teacher<B::InnerBackend>,
    observer: &mut dyn ProgressObserver,
) -> bool {
    let of = validation.missing() as u64;
    for done in 0..of {
        observer.notify(&Event::Rendering { done, of });
        if training.stop.load(Ordering::Relaxed) {
            return false;
        }
        validation.render(training.objective, teacher);
    }
    true
}
