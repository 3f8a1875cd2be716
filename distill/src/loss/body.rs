//! The body student's loss.

use super::{Loss, l1};
use burn::tensor::{Tensor, backend::Backend};
use serde::{Deserialize, Serialize};

/// The names of the terms.
pub const TERMS: [&str; 4] = ["blended", "warped", "grid_change", "color_change"];

/// The weight of each term; they change with the phase of the training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyWeights {
    /// The finished picture against the teacher's.
    pub blended: f32,
    /// The warped picture against the teacher's.
    pub warped: f32,
    /// The grid change against the teacher's.
    pub grid_change: f32,
    /// The painted colours against the teacher's *finished picture*.
    pub color_change: f32,
}

/// The body student's input and targets; [`Posed`](crate::teacher::Posed) has the channels and units.
#[derive(Clone, Debug)]
pub struct BodyTarget<B: Backend> {
    /// `[n, 4, 512, 512]`, whole: the picture to warp, with the teacher's face.
    pub image: Tensor<B, 4>,
    /// The finished picture, cropped to the window that is trained on.
    pub posed: Tensor<B, 4>,
    /// The warped picture, cropped likewise.
    pub warped: Tensor<B, 4>,
    /// The grid change, cropped likewise.
    pub grid_change: Tensor<B, 4>,
}

/// The weighted terms of the student's `output`, in the order of [`TERMS`]. There is none on alpha.
pub fn terms<B: Backend>(output: [Tensor<B, 4>; 4], target: &BodyTarget<B>, weights: BodyWeights) -> Loss<B> {
    let [blended, warped, grid_change, color_change] = output;
    let terms = [
        l1(target.posed.clone(), blended).mul_scalar(weights.blended),
        l1(target.warped.clone(), warped).mul_scalar(weights.warped),
        l1(target.grid_change.clone(), grid_change).mul_scalar(weights.grid_change),
        l1(target.posed.clone(), color_change).mul_scalar(weights.color_change),
    ];
    Loss::new(TERMS, terms)
}
