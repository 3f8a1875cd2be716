//! The objectives of the two students: their targets and their loss.

mod body;
mod face;

pub use body::BodyObjective;
pub use face::FaceObjective;

use crate::{
    backend::TrainingBackend, loss::Loss, ops::Window, perceptual::PerceptualLoss, recipe::Precision, teacher::Teacher,
};
use bunraku_core::character::Weights;
use burn::{
    module::AutodiffModule,
    tensor::{
        FloatDType, Tensor,
        backend::{AutodiffBackend, Backend},
    },
};
use image::RgbaImage;

/// A student's objective. Targets are on the backend without gradients.
pub trait Objective<B: TrainingBackend> {
    /// The network.
    type Student: AutodiffModule<B>;
    /// The weights of its loss terms.
    type Losses: Copy;

    /// The name of the network and its folder: `face_morpher` or `body_morpher`.
    const NAME: &'static str;

    /// The edge of its pictures in pixels.
    const EDGE: usize;

    /// The prefix of its loss terms in the log.
    const LOG: &'static str;

    /// Examples on a sample sheet.
    const SAMPLES: usize;

    /// The numbers that the replay buffer keeps for each pose.
    const KEPT: usize;

    /// The outputs of the student's sine layers over the whole grid: what a step keeps in memory for each example,
    /// unless the backend is [lean](crate::ops::StudentOps::LEAN).
    fn features(&self) -> usize;

    /// A network with initial weights from a seed.
    fn begin(&self, seed: u64, device: &B::Device) -> Self::Student;

    /// The targets of `poses`, `[n, 45]`, from the teacher.
    fn targets(
        &self,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        poses: Tensor<B::InnerBackend, 2>,
    ) -> Targets<B::InnerBackend>;

    /// The part of the targets needed to train on `window` of the student's grid.
    fn crop(&self, targets: Targets<B::InnerBackend>, window: Window) -> Targets<B::InnerBackend>;

    /// The pixels of the student's grid, row by row, around which patches are sampled more often; empty to sample all
    /// alike.
    fn focus(&self) -> Vec<u32>;

    /// The student's loss in `window` of its grid. `targets` are the poses' [targets](Self::targets),
    /// [cropped](Self::crop).
    fn loss(
        &self,
        student: &Self::Student,
        poses: Tensor<B, 2>,
        targets: Targets<B>,
        losses: Self::Losses,
        window: Window,
    ) -> Loss<B>;

    /// The student's pictures and the teacher's, `[n, 4, EDGE, EDGE]` each.
    fn compare(
        &self,
        student: &<Self::Student as AutodiffModule<B>>::InnerModule,
        poses: Tensor<B::InnerBackend, 2>,
        targets: &Targets<B::InnerBackend>,
    ) -> [Tensor<B::InnerBackend, 4>; 2];

    /// The sheet of samples, each a pose with its targets (`distill/spec/distiller.md`).
    fn sheet(
        &self,
        student: &<Self::Student as AutodiffModule<B>>::InnerModule,
        samples: &[TargetBatch<B::InnerBackend>],
    ) -> RgbaImage;

    /// The network's weights by the original's names.
    fn weights(&self, student: &Self::Student) -> Weights;
}

/// The perceptual loss as an additional term, with its weight.
#[derive(Clone, Debug)]
pub struct PerceptualTerm<B: Backend> {
    /// The loss.
    pub loss: PerceptualLoss<B>,
    /// The term's weight.
    pub weight: f32,
}

impl<B: Backend> PerceptualTerm<B> {
    /// `loss` with this term added.
    fn beside(&self, loss: Loss<B>, rendered: Tensor<B, 4>, truth: Tensor<B, 4>) -> Loss<B> {
        loss.with("perceptual", self.loss.loss(rendered, truth).mul_scalar(self.weight))
    }
}

/// Crops pictures to a window of their grid.
fn part<B: Backend>(pictures: Tensor<B, 4>, window: Window) -> Tensor<B, 4> {
    pictures.narrow(2, window.row, window.height).narrow(3, window.column, window.width)
}

/// A tensor's values on the host.
fn numbers<B: Backend>(tensor: Tensor<B, 4>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Poses, `[n, 45]`, with their targets.
pub type TargetBatch<B> = (Tensor<B, 2>, Targets<B>);

/// The targets of `n` poses: tensors `[n, channels, height, width]`, in the objective's own order.
#[derive(Clone, Debug)]
pub struct Targets<B: Backend>(pub Vec<Tensor<B, 4>>);

impl<B: Backend> Targets<B> {
    /// Splits the targets by pose.
    pub fn split(self) -> Vec<Self> {
        let count = self.0.first().map_or(0, |tensor| tensor.dims()[0]);
        (0..count).map(|index| Self(self.0.iter().map(|tensor| tensor.clone().narrow(0, index, 1)).collect())).collect()
    }

    /// Joins the targets of several poses; the inverse of [`split`](Self::split).
    pub fn join(parts: &[&Self]) -> Self {
        let kinds = parts.first().map_or(0, |part| part.0.len());
        Self((0..kinds).map(|kind| Tensor::cat(parts.iter().map(|part| part.0[kind].clone()).collect(), 0)).collect())
    }

    /// Converts the number format.
    #[must_use]
    pub fn cast(self, precision: Precision) -> Self {
        let format = match precision {
            Precision::F32 => FloatDType::F32,
            Precision::F16 => FloatDType::F16,
            Precision::Bf16 => FloatDType::BF16,
        };
        Self(self.0.into_iter().map(|tensor| tensor.cast(format)).collect())
    }

    /// Moves the targets to the backend with gradients; they have none themselves.
    pub fn with_gradients<A: AutodiffBackend<InnerBackend = B>>(self) -> Targets<A> {
        Targets(self.0.into_iter().map(Tensor::from_inner).collect())
    }
}
