//! The state of a training: network, optimiser and position.

use super::{
    objective::{Objective, Targets},
    optimizer::Optimizer,
    replay_buffer::Examples,
    state_dict,
};
use crate::{
    backend::TrainingBackend,
    checkpoint::{Checkpoint, Progress},
    loss::Loss,
    recipe::AdamSettings,
};
use burn::{
    module::AutodiffModule,
    optim::{GradientsAccumulator, GradientsParams},
    tensor::Tensor,
};

/// Everything that a step changes.
pub(crate) struct TrainState<B: TrainingBackend, S> {
    pub(crate) student: S,
    optimizer: Optimizer<B>,
    pub(crate) progress: Progress,
}

impl<B: TrainingBackend, S: AutodiffModule<B>> TrainState<B, S> {
    pub(crate) fn new(student: S, adam: &AdamSettings, progress: Progress) -> Self {
        Self { student, optimizer: Optimizer::new(adam), progress }
    }

    /// Restores a checkpoint. The error is the name of a tensor that it lacks.
    pub(crate) fn restored(mut self, checkpoint: Checkpoint, device: &B::Device) -> Result<Self, String> {
        let Checkpoint { progress, tensors } = checkpoint;
        let student = state_dict::restore(self.student, &mut self.optimizer, progress.steps, &tensors, device)?;
        self.student = student;
        Ok(Self { progress, ..self })
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { progress: self.progress.clone(), tensors: state_dict::collect(&self.student, &self.optimizer) }
    }

    /// The loss and its gradients. The parts are processed one after the other, so that only one is in memory.
    pub(crate) fn loss_and_gradients<L>(
        &self,
        objective: &L,
        examples: Vec<Examples<B::InnerBackend>>,
        losses: L::Losses,
    ) -> (Loss<B>, GradientsParams)
    where
        L: Objective<B, Student = S>,
    {
        let all: usize = examples.iter().map(|part| part.poses.dims()[0]).sum();
        let mut gradients = GradientsAccumulator::new();
        let parts = examples.into_iter().map(|Examples { poses, targets, window }| {
            let share = poses.dims()[0] as f32 / all as f32;
            // Leaves of this part's own graph. The last backward pass took them out of theirs, and a graph without
            // leaves is freed, built or not, by any other thread's backward pass (burn issue 5573).
            let student = self.student.clone().fork(&poses.device());
            let targets: Targets<B> = targets.with_gradients();
            let mut loss = objective.loss(&student, Tensor::from_inner(poses), targets, losses, window);
            let down = loss.total.clone().mul_scalar(share).backward();
            gradients.accumulate(&student, GradientsParams::from_grads(down, &student));
            // Detached, or its graph would stay in memory.
            loss.total = loss.total.detach();
            (loss, share)
        });
        let loss = Loss::mean(parts.collect());
        (loss, gradients.grads())
    }

    /// An optimiser step on `examples` examples.
    pub(crate) fn step(&mut self, gradients: GradientsParams, rate: f64, examples: u64) {
        self.student = self.optimizer.step(self.student.clone(), gradients, rate);
        self.progress.steps += 1;
        self.progress.examples += examples;
    }
}
