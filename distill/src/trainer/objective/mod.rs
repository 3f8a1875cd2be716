//! What each of the two students learns: what it is shown, and how far off it is.

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

/// One of the two trainings. What it is shown is on the backend without gradients.
pub trait Objective<B: TrainingBackend> {
    /// The network.
    type Student: AutodiffModule<B>;
    /// How much each term of its loss counts.
    type Losses: Copy;

    /// The network's name and its folder's: `face_morpher` or `body_morpher`.
    const NAME: &'static str;

    /// Edge of what it paints, in pixels.
    const EDGE: usize;

    /// What the terms of its loss are called in the log, before their names.
    const LOG: &'static str;

    /// Examples on a sample sheet.
    const SAMPLES: usize;

    /// Numbers that are kept of each pose where pictures are.
    const KEPT: usize;

    /// Outputs of the student's sine layers over the whole grid: what a step has in memory of an example, unless the
    /// backend is [lean](crate::ops::StudentOps::LEAN).
    fn features(&self) -> usize;

    /// A network with the first weights of a seed.
    fn begin(&self, seed: u64, device: &B::Device) -> Self::Student;

    /// What the teacher shows of `poses`, `[n, 45]`, as far as this student learns from it.
    fn show(
        &self,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        poses: Tensor<B::InnerBackend, 2>,
    ) -> Targets<B::InnerBackend>;

    /// Of what was shown, what is needed to learn from `window` of the student's grid.
    fn crop(&self, shown: Targets<B::InnerBackend>, window: Window) -> Targets<B::InnerBackend>;

    /// The pixels of the student's grid, row by row, around which there is most to learn; none: all are alike.
    fn focus(&self) -> Vec<u32>;

    /// How far off the student is within `window` of its grid. `shown` is what [`show`](Self::show) gave for the poses,
    /// [cropped](Self::crop).
    fn loss(
        &self,
        student: &Self::Student,
        poses: Tensor<B, 2>,
        shown: Targets<B>,
        losses: Self::Losses,
        window: Window,
    ) -> Loss<B>;

    /// What the student paints, and what the teacher painted: `[n, 4, EDGE, EDGE]` each.
    fn compare(
        &self,
        student: &<Self::Student as AutodiffModule<B>>::InnerModule,
        poses: Tensor<B::InnerBackend, 2>,
        shown: &Targets<B::InnerBackend>,
    ) -> [Tensor<B::InnerBackend, 4>; 2];

    /// The sheet of samples, each a pose and what the teacher shows of it (`distill/spec/distiller.md`).
    fn sheet(
        &self,
        student: &<Self::Student as AutodiffModule<B>>::InnerModule,
        samples: &[TargetBatch<B::InnerBackend>],
    ) -> RgbaImage;

    /// The network's weights by the original's names.
    fn weights(&self, student: &Self::Student) -> Weights;
}

/// The perceptual loss with its weight, a term beside the others.
#[derive(Clone, Debug)]
pub struct PerceptualTerm<B: Backend> {
    /// The loss.
    pub loss: PerceptualLoss<B>,
    /// How much it counts.
    pub weight: f32,
}

impl<B: Backend> PerceptualTerm<B> {
    /// `loss` with this term of what is painted beside the truth.
    fn beside(&self, loss: Loss<B>, painted: Tensor<B, 4>, truth: Tensor<B, 4>) -> Loss<B> {
        loss.with("perceptual", self.loss.loss(painted, truth).mul_scalar(self.weight))
    }
}

/// The part of pictures that lies within a window of their grid.
fn part<B: Backend>(pictures: Tensor<B, 4>, window: Window) -> Tensor<B, 4> {
    pictures.narrow(2, window.row, window.height).narrow(3, window.column, window.width)
}

/// A tensor's numbers on the host.
fn numbers<B: Backend>(tensor: Tensor<B, 4>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Poses, `[n, 45]`, with the teacher's pictures of them.
pub type TargetBatch<B> = (Tensor<B, 2>, Targets<B>);

/// The teacher's pictures of `n` poses: tensors `[n, channels, height, width]`, in an order of the objective's own.
#[derive(Clone, Debug)]
pub struct Targets<B: Backend>(pub Vec<Tensor<B, 4>>);

impl<B: Backend> Targets<B> {
    /// Each pose's pictures alone.
    pub fn split(self) -> Vec<Self> {
        let count = self.0.first().map_or(0, |tensor| tensor.dims()[0]);
        (0..count).map(|index| Self(self.0.iter().map(|tensor| tensor.clone().narrow(0, index, 1)).collect())).collect()
    }

    /// The pictures of several poses together; the opposite of [`split`](Self::split).
    pub fn join(parts: &[&Self]) -> Self {
        let kinds = parts.first().map_or(0, |part| part.0.len());
        Self((0..kinds).map(|kind| Tensor::cat(parts.iter().map(|part| part.0[kind].clone()).collect(), 0)).collect())
    }

    /// The pictures in another format of numbers.
    #[must_use]
    pub fn cast(self, precision: Precision) -> Self {
        let format = match precision {
            Precision::F32 => FloatDType::F32,
            Precision::F16 => FloatDType::F16,
            Precision::Bf16 => FloatDType::BF16,
        };
        Self(self.0.into_iter().map(|tensor| tensor.cast(format)).collect())
    }

    /// The pictures where gradients are kept; they have none of their own.
    pub fn with_gradients<A: AutodiffBackend<InnerBackend = B>>(self) -> Targets<A> {
        Targets(self.0.into_iter().map(Tensor::from_inner).collect())
    }
}
