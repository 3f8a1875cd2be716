//! Fixed poses with their targets: the validation set, and the poses of the sample sheets.

use super::{
    objective::{Objective, TargetBatch},
    replay_buffer::tensor,
};
use crate::{backend::TrainingBackend, teacher::Teacher};
use bunraku_core::pose::Pose;
use burn::module::AutodiffModule as _;

/// Fixed poses with their targets, which are rendered once.
pub(super) struct ValidationSet<B: TrainingBackend> {
    poses: Vec<Pose>,
    /// Poses processed at once.
    batch: usize,
    device: B::Device,
    rendered: Vec<TargetBatch<B::InnerBackend>>,
}

impl<B: TrainingBackend> ValidationSet<B> {
    /// At least one pose, processed `batch` at once.
    pub(super) fn new(poses: Vec<Pose>, batch: usize, device: B::Device) -> Self {
        let batch = batch.clamp(1, poses.len().max(1));
        Self { poses, batch, device, rendered: Vec::new() }
    }

    /// The batches rendered so far.
    pub(super) fn rendered(&self) -> &[TargetBatch<B::InnerBackend>] {
        &self.rendered
    }

    /// The number of batches still to render.
    pub(super) fn missing(&self) -> usize {
        self.poses.len().div_ceil(self.batch) - self.rendered.len()
    }

    /// Has the teacher render one batch.
    pub(super) fn render<L: Objective<B>>(&mut self, objective: &L, teacher: &mut dyn Teacher<B::InnerBackend>) {
        if let Some(poses) = self.poses.chunks(self.batch).nth(self.rendered.len()) {
            let poses = tensor(poses, &self.device);
            let targets = objective.targets(teacher, poses.clone());
            self.rendered.push((poses, targets));
        }
    }

    /// The mean absolute difference between student and teacher over all rendered poses.
    pub(super) fn l1<L: Objective<B>>(&self, objective: &L, student: &L::Student) -> f64 {
        let student = student.valid();
        let mut sum = 0.0;
        for (poses, targets) in &self.rendered {
            let [rendered, truth] = objective.compare(&student, poses.clone(), targets);
            let count = poses.dims()[0] as f64;
            sum += count * (rendered - truth).abs().mean().into_data().iter::<f64>().sum::<f64>();
        }
        sum / self.poses.len() as f64
    }
}
