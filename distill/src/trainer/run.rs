//! The training loop (`distill/spec/distiller.md`).

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

/// The interval between reads of the loss, which stall the device.
const LOSS_INTERVAL: Duration = Duration::from_secs(1);

/// A running training.
pub(super) struct Run<'a, B: TrainingBackend, L: Objective<B>, N> {
    pub(super) training: &'a Training<'a, B, L, N>,
    pub(super) teacher: &'a mut dyn Teacher<B::InnerBackend>,
    pub(super) observer: &'a mut dyn ProgressObserver,
    pub(super) state: TrainState<B, L::Student>,
    /// `Some` on the first peer only.
    pub(super) writer: Option<ReportWriter>,
    pub(super) store: CheckpointStore,
    pub(super) validation: ValidationSet<B>,
    pub(super) samples: ValidationSet<B>,
    pub(super) replay_buffer: ReplayBuffer<B::InnerBackend>,
    /// The loss of the last step.
    pub(super) loss: Option<Tensor<B::InnerBackend, 1>>,
    /// When the training time was last updated.
    pub(super) now: Instant,
    /// When the loss was last read back.
    pub(super) loss_read: Option<Instant>,
}

impl<B: TrainingBackend, L: Objective<B>, N> Run<'_, B, L, N> {
    /// Trains until `target` examples are seen; false if it was stopped before.
    pub(super) fn until(&mut self, target: u64) -> Result<bool, TrainError> {
        let mut kept = self.state.progress.examples;
        while self.state.progress.examples < target {
            let before = self.state.progress.examples;
            if !(self.render() && self.step()?) {
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

    /// Has the teacher render what the next step needs; false if the training should stop.
    fn render(&mut self) -> bool {
        let of = self.replay_buffer.missing(self.state.progress.steps);
        for done in 0..of {
            // One batch between two steps is not worth reporting.
            if of > 1 {
                self.observer.notify(&Event::Rendering { done, of });
            }
            if self.stopped() {
                return false;
            }
            self.replay_buffer.render(self.training.objective, self.teacher);
        }
        !self.stopped()
    }

    fn stopped(&self) -> bool {
        self.training.stop.load(Ordering::Relaxed)
    }

    /// One step; false if the training should stop.
    fn step(&mut self) -> Result<bool, TrainError> {
        let Training { objective, student_recipe, batch, .. } = self.training;
        let Progress { steps, examples: seen, .. } = self.state.progress;
        let phase = student_recipe.phase(seen);
        let examples = self.replay_buffer.examples(*objective, self.teacher, steps, seen);
        let (loss, gradients) =
            self.state.loss_and_gradients(*objective, examples, student_recipe.phases[phase].losses);
        let gradients = match self.training.peer.mean_gradients(&self.state.student, gradients) {
            Ok(gradients) => gradients,
            // A stopped peer leaves the group; the others are being stopped as well.
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

    /// Reads the loss back and reports it, about once a second.
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

/// The value of a one-element tensor.
pub(super) fn number<B: Backend>(tensor: &Tensor<B, 1>) -> f64 {
    tensor.clone().into_data().iter::<f64>().sum()
}
