//! The face student's loss.

use super::{Loss, l1};
use crate::{
    ops::{StudentOps, Window},
    student::FaceMorpher,
};
use burn::tensor::{Tensor, backend::Backend};

/// How much the masked term counts.
const EYE_MOUTH: f32 = 20.0;

/// What the face student is held against.
#[derive(Clone, Debug)]
pub struct FaceTarget<B: Backend> {
    /// `[n, 4, 128, 128]`: the teacher's face.
    pub face: Tensor<B, 4>,
    /// `[1, 1, 128, 128]`, 0 to 1: where eyes and mouth are.
    pub mask: Tensor<B, 4>,
}

impl<B: Backend> FaceTarget<B> {
    /// The part within a window of the 128 grid.
    #[must_use]
    pub fn crop(self, window: Window) -> Self {
        Self { face: super::body::crop(self.face, window), mask: super::body::crop(self.mask, window) }
    }
}

/// `mean |e - p| + 20 mean |(e - p) mask|` of the student's face in `window`: terms `full` and `eye_mouth`.
pub fn face<B: StudentOps>(
    student: &FaceMorpher<B>,
    poses: Tensor<B, 2>,
    target: &FaceTarget<B>,
    window: Window,
) -> Loss<B> {
    terms(student.forward_window(poses, window), target.clone().crop(window))
}

fn terms<B: Backend>(face: Tensor<B, 4>, target: FaceTarget<B>) -> Loss<B> {
    let full = l1(target.face.clone(), face.clone());
    let masked = ((target.face - face) * target.mask).abs().mean().mul_scalar(EYE_MOUTH);
    Loss::new([("full", full), ("eye_mouth", masked)])
}
