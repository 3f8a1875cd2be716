//! The body student's loss.

use super::{Loss, l1};
use crate::{
    ops::{StudentOps, Window},
    student::{BodyMorpher, BodyOutput},
    teacher::Posed,
};
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

/// The names of the terms.
pub const TERMS: [&str; 4] = ["blended", "warped", "grid_change", "color_change"];

/// How much each term counts; they change with the phase of the training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyWeights {
    /// The finished picture against the teacher's.
    pub blended: f32,
    /// The moved picture against the teacher's.
    pub warped: f32,
    /// The grid change against the teacher's.
    pub grid_change: f32,
    /// What is painted against the teacher's *finished picture*.
    pub color_change: f32,
}

/// What the body student is given and held against; see [`Posed`] for channels and units.
#[derive(Clone, Debug)]
pub struct BodyTarget<B: Backend> {
    /// `[n, 4, 512, 512]`, whole: the picture to be moved, with the teacher's face.
    pub image: Tensor<B, 4>,
    /// The finished picture, within the window that is learnt from.
    pub posed: Tensor<B, 4>,
    /// The moved picture, there.
    pub warped: Tensor<B, 4>,
    /// The grid change, there.
    pub grid_change: Tensor<B, 4>,
}

impl<B: Backend> From<Posed<B>> for BodyTarget<B> {
    fn from(posed: Posed<B>) -> Self {
        let Posed { posed, warped, grid_change, face_morphed_full, .. } = posed;
        Self { image: face_morphed_full, posed, warped, grid_change }
    }
}

/// The four weighted terms in `window` of the picture, which `target` is of: `blended`, `warped`, `grid_change` and `color_change`. There is
/// none on alpha.
pub fn body<B: StudentOps>(
    student: &BodyMorpher<B>,
    poses: Tensor<B, 2>,
    target: &BodyTarget<B>,
    weights: BodyWeights,
    window: Window,
) -> Loss<B> {
    B::body_loss(student.last_stage(poses, window), target, weights)
}

/// The terms of a student's output that is already there, as an additional term needs it.
pub fn terms<B: Backend>(output: BodyOutput<B>, target: &BodyTarget<B>, weights: BodyWeights) -> Loss<B> {
    let [posed, warped, grid] = [&target.posed, &target.warped, &target.grid_change].map(Tensor::clone);
    let terms = [
        l1(posed.clone(), output.blended).mul_scalar(weights.blended),
        l1(warped, output.warped).mul_scalar(weights.warped),
        l1(grid, output.grid_change).mul_scalar(weights.grid_change),
        l1(posed, output.color_change).mul_scalar(weights.color_change),
    ];
    Loss::new(TERMS, terms)
}
