//! Poses that are looked at again and again: the held-out ones, whose error is measured, and those of the sample sheets.

use super::{
    objective::{Objective, TargetBatch},
    replay_buffer::tensor,
};
use crate::{backend::TrainingBackend, teacher::Teacher};
use bunraku_core::pose::Pose;
use burn::module::AutodiffModule as _;

/// Poses with the teacher's pictures of them, which are painted once.
pub(super) struct ValidationSet<B: TrainingBackend> {
    poses: Vec<Pose>,
    /// Poses at once.
    batch: usize,
    device: B::Device,
    painted: Vec<TargetBatch<B::InnerBackend>>,
}

impl<B: TrainingBackend> ValidationSet<B> {
    /// At least one pose, `batch` of them at once.
    pub(super) fn new(poses: Vec<Pose>, batch: usize, device: B::Device) -> Self {
        let batch = batch.clamp(1, poses.len().max(1));
        Self { poses, batch, device, painted: Vec::new() }
    }

    /// All that is painted.
    pub(super) fn painted(&self) -> &[TargetBatch<B::InnerBackend>] {
        &self.painted
    }

    /// How many batches the teacher has to paint yet.
    pub(super) fn missing(&self) -> usize {
        self.poses.len().div_ceil(self.batch) - self.painted.len()
    }

    /// Has the teacher paint one batch.
    pub(super) fn paint<L: Objective<B>>(&mut self, objective: &L, teacher: &mut dyn Teacher<B::InnerBackend>) {
        if let Some(poses) = self.poses.chunks(self.batch).nth(self.painted.len()) {
            let poses = tensor(poses, &self.device);
            let shown = objective.show(teacher, poses.clone());
            self.painted.push((poses, shown));
        }
    }

    /// The mean absolute difference between student and teacher, over all that was painted.
    pub(super) fn l1<L: Objective<B>>(&self, objective: &L, student: &L::Student) -> f64 {
        let student = student.valid();
        let mut sum = 0.0;
        for (poses, shown) in &self.painted {
            let [painted, truth] = objective.compare(&student, poses.clone(), shown);
            let count = poses.dims()[0] as f64;
            sum += count * (painted - truth).abs().mean().into_data().iter::<f64>().sum::<f64>();
        }
        sum / self.poses.len() as f64
    }
}
