//! A student on its way: network, optimiser and position.

use super::{
    gallery::Examples,
    lesson::{Lesson, Shown},
    optimizer::{Optimizer, numbered},
    state,
};
use crate::{
    backend::TrainingBackend,
    loss::Loss,
    recipe::AdamSettings,
    snapshot::{Progress, Snapshot},
};
use burn::{module::AutodiffModule, optim::GradientsParams, tensor::Tensor};

/// What a step changes.
pub(crate) struct Learner<B: TrainingBackend, S> {
    pub(crate) student: S,
    optimizer: Optimizer<B>,
    pub(crate) progress: Progress,
}

impl<B: TrainingBackend, S: AutodiffModule<B>> Learner<B, S> {
    pub(crate) fn new(student: S, adam: &AdamSettings, progress: Progress) -> Self {
        Self { student: numbered(student), optimizer: Optimizer::new(adam), progress }
    }

    /// As it was when the snapshot was made; or the name of a tensor that the snapshot should hold.
    pub(crate) fn restored(mut self, snapshot: Snapshot, device: &B::Device) -> Result<Self, String> {
        let Snapshot { progress, tensors } = snapshot;
        let student = state::restore(self.student, &mut self.optimizer, progress.steps, &tensors, device)?;
        self.student = student;
        Ok(Self { progress, ..self })
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot { progress: self.progress.clone(), tensors: state::collect(&self.student, &self.optimizer) }
    }

    /// How far off the student is, and which way is down.
    pub(crate) fn look<L>(
        &self,
        lesson: &L,
        examples: Vec<Examples<B::InnerBackend>>,
        losses: L::Losses,
    ) -> (Loss<B>, GradientsParams)
    where
        L: Lesson<B, Student = S>,
    {
        let all: usize = examples.iter().map(|part| part.poses.dims()[0]).sum();
        let parts = examples.into_iter().map(|Examples { poses, shown, window }| {
            let share = poses.dims()[0] as f32 / all as f32;
            let shown: Shown<B> = shown.with_gradients();
            (lesson.loss(&self.student, Tensor::from_inner(poses), shown, losses, window), share)
        });
        let loss = Loss::mean(parts.collect());
        let gradients = GradientsParams::from_grads(loss.total.backward(), &self.student);
        (loss, gradients)
    }

    /// A step down, after which `examples` more have been seen.
    pub(crate) fn step(&mut self, gradients: GradientsParams, rate: f64, examples: u64) {
        self.student = self.optimizer.step(self.student.clone(), gradients, rate);
        self.progress.steps += 1;
        self.progress.examples += examples;
    }
}
