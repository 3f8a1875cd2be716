//! The face student's loss.

use super::{Loss, l1};
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

/// The names of the terms.
pub const TERMS: [&str; 2] = ["full", "eye_mouth"];

/// The weight of each term.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceWeights {
    /// The face against the teacher's.
    pub full: f32,
    /// The same inside the mask; the mean is still over the whole window.
    pub eye_mouth: f32,
}

/// The face student's targets.
#[derive(Clone, Debug)]
pub struct FaceTarget<B: Backend> {
    /// `[n, 4, height, width]`: the teacher's face in the window that is trained on.
    pub face: Tensor<B, 4>,
    /// `[1, 1, height, width]`, 0 to 1: where eyes and mouth are in that window.
    pub mask: Tensor<B, 4>,
}

/// The weighted terms of the student's `face`: `full` is `mean |e - p|`, `eye_mouth` is `mean |(e - p) mask|`.
pub fn terms<B: Backend>(face: Tensor<B, 4>, target: FaceTarget<B>, weights: FaceWeights) -> Loss<B> {
    let full = l1(target.face.clone(), face.clone()).mul_scalar(weights.full);
    let masked = ((target.face - face) * target.mask).abs().mean().mul_scalar(weights.eye_mouth);
    Loss::new(TERMS, [full, masked])
}
