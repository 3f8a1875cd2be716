//! The face student's loss.

use super::{Loss, l1};
use crate::{
    ops::{StudentOps, Window},
    student::FaceMorpher,
};
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

/// The names of the terms.
pub const TERMS: [&str; 2] = ["full", "eye_mouth"];

/// How much each term counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceWeights {
    /// The face against the teacher's.
    pub full: f32,
    /// The same where the mask is; the mean is over the whole window all the same.
    pub eye_mouth: f32,
}

/// What the face student is held against.
#[derive(Clone, Debug)]
pub struct FaceTarget<B: Backend> {
    /// `[n, 4, height, width]`: the teacher's face within the window that is learnt from.
    pub face: Tensor<B, 4>,
    /// `[1, 1, height, width]`, 0 to 1: where eyes and mouth are, there.
    pub mask: Tensor<B, 4>,
}

/// The weighted terms of the student's face in `window`, which `target` is of: `mean |e - p|` is `full`, `mean |(e - p) mask|` is `eye_mouth`.
pub fn face<B: StudentOps>(
    student: &FaceMorpher<B>,
    poses: Tensor<B, 2>,
    target: &FaceTarget<B>,
    weights: FaceWeights,
    window: Window,
) -> Loss<B> {
    B::face_loss(student.stage(poses, window), target, weights)
}

/// The terms of a face that is already there.
pub fn terms<B: Backend>(face: Tensor<B, 4>, target: FaceTarget<B>, weights: FaceWeights) -> Loss<B> {
    let full = l1(target.face.clone(), face.clone()).mul_scalar(weights.full);
    let masked = ((target.face - face) * target.mask).abs().mean().mul_scalar(weights.eye_mouth);
    Loss::new(TERMS, [full, masked])
}
