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
use burn::{
    module::AutodiffModule,
    optim::{GradientsAccumulator, GradientsParams},
    tensor::Tensor,
};

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

    /// How far off the student is, and which way is down. The examples' parts are gone through one after the other, so
    /// that only one is in memory.
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
        let mut gradients = GradientsAccumulator::new();
        let parts = examples.into_iter().map(|Examples { poses, shown, window }| {
            let share = poses.dims()[0] as f32 / all as f32;
            let shown: Shown<B> = shown.with_gradients();
            let mut loss = lesson.loss(&self.student, Tensor::from_inner(poses), shown, losses, window);
            let down = loss.total.clone().mul_scalar(share).backward();
            gradients.accumulate(&self.student, GradientsParams::from_grads(down, &self.student));
            // Without what it was computed from, which would stay in memory with it.
            loss.total = loss.total.detach();
            (loss, share)
        });
        let loss = Loss::mean(parts.collect());
        (loss, gradients.grads())
    }

    /// A step down, after which `examples` more have been seen.
    pub(crate) fn step(&mut self, gradients: GradientsParams, rate: f64, examples: u64) {
        self.student = self.optimizer.step(self.student.clone(), gradients, rate);
        self.progress.steps += 1;
        self.progress.examples += examples;
    }
}
