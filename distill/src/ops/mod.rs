//! The operations that training spends its time in: written in burn's operations for any backend ([`generic`]), and by
//! hand where those are slow.
//!
//! A student is evaluated in [`SineBlock`]s: the face is one, and so is each of the body's three levels
//! (`core/spec/student.md`). Two exact rewrites shape them: the pose is constant over a picture, so its part of a
//! block's first layer is one bias vector; and a linear layer commutes with bilinear upsampling, so the features' part
//! of a level's first layer is computed as the exit of the level below, at that level's resolution.

mod body_output;
mod cpu;
mod flex;
pub mod generic;
#[cfg(test)]
mod tests;
mod window;

pub use body_output::BodyOutput;
pub use window::Window;

use crate::loss::{BodyTarget, BodyWeights, FaceTarget, FaceWeights, Loss};
use burn::{
    backend::Autodiff,
    tensor::{Tensor, backend::Backend},
};
use burn_flex::Flex;

/// ω of the sine layers, `sin(ω (W x + b))` (`core/spec/student.md`).
pub const OMEGA: f32 = 30.0;

/// A linear layer at each position.
#[derive(Clone, Debug)]
pub struct Layer<B: Backend> {
    /// `[outputs, inputs]`.
    pub weight: Tensor<B, 2>,
    /// `[outputs]`.
    pub bias: Option<Tensor<B, 1>>,
}

/// Layers evaluated on a window of positions, for `n` poses:
///
/// ```text
/// x = sin(ω (position · (x, y) + bias[pose] + below, upsampled));  x = sin(ω (W x + b)) for each of hidden;
/// out = W x + b of exit
/// ```
#[derive(Clone, Debug)]
pub struct SineBlock<B: Backend> {
    /// The positions to evaluate.
    pub window: Window,
    /// `[width, 2]`: the first layer's columns of x and y.
    pub position: Tensor<B, 2>,
    /// `[n, width]`: the first layer's bias with the pose's part.
    pub bias: Tensor<B, 2>,
    /// `[n, width, h, w]` on [`Window::below`]: the exit of the level below, if there is one.
    pub below: Option<Tensor<B, 4>>,
    /// Layers with a sine after each.
    pub hidden: Vec<Layer<B>>,
    /// The last layer, without a sine.
    pub exit: Layer<B>,
}

/// A backend on which students are trained or evaluated.
pub trait StudentOps: Backend {
    /// Whether a training step recomputes the features tile by tile, so that its memory does not grow with the batch.
    const LEAN: bool = false;

    /// Evaluates a block: `[n, outputs of the exit, window height, window width]`.
    fn sine_block(block: SineBlock<Self>) -> Tensor<Self, 4> {
        generic::sine_block(block)
    }

    /// Samples `image` at each pixel of a window moved by `grid_change`: `[n, c, height, width]`.
    ///
    /// `image` is `[n, c, edge, edge]` and gets no gradient; `grid_change` is `[n, 2, height, width]`, x before y, in
    /// units of half the picture. Sampling is bilinear, with the border extended outwards (`core/spec/student.md`).
    fn warp(image: Tensor<Self, 4>, grid_change: Tensor<Self, 4>, window: Window) -> Tensor<Self, 4> {
        generic::warp(image, grid_change, window)
    }

    /// [`body_terms`](crate::loss::body_terms) of the body's last block; `target` is cropped to its window.
    fn body_loss(block: SineBlock<Self>, target: &BodyTarget<Self>, weights: BodyWeights) -> Loss<Self> {
        generic::body_loss(block, target, weights)
    }

    /// [`face_terms`](crate::loss::face_terms) of the face's block; `target` is cropped to its window.
    fn face_loss(block: SineBlock<Self>, target: &FaceTarget<Self>, weights: FaceWeights) -> Loss<Self> {
        generic::face_loss(block, target, weights)
    }
}

impl StudentOps for Flex {
    const LEAN: bool = true;

    fn sine_block(block: SineBlock<Self>) -> Tensor<Self, 4> {
        if flex::fits(&block) { flex::sine_block(block) } else { generic::sine_block(block) }
    }
}

impl StudentOps for Autodiff<Flex> {
    const LEAN: bool = true;

    fn sine_block(block: SineBlock<Self>) -> Tensor<Self, 4> {
        if flex::fits(&block) { flex::sine_block_with_gradient(block) } else { generic::sine_block(block) }
    }

    fn body_loss(block: SineBlock<Self>, target: &BodyTarget<Self>, weights: BodyWeights) -> Loss<Self> {
        if !flex::fits(&block) {
            return generic::body_loss(block, target, weights);
        }
        let BodyWeights { blended, warped, grid_change, color_change } = weights;
        let (total, terms) = flex::body_loss(block, target, [blended, warped, grid_change, color_change]);
        Loss::with_terms(total, crate::loss::BODY_TERMS, terms)
    }

    fn face_loss(block: SineBlock<Self>, target: &FaceTarget<Self>, weights: FaceWeights) -> Loss<Self> {
        if !flex::fits(&block) {
            return generic::face_loss(block, target, weights);
        }
        let (total, terms) = flex::face_loss(block, target, [weights.full, weights.eye_mouth]);
        Loss::with_terms(total, crate::loss::FACE_TERMS, terms)
    }
}

#[cfg(feature = "wgpu")]
mod on_wgpu {
    use super::StudentOps;
    use burn::backend::{Autodiff, Wgpu};

    impl StudentOps for Wgpu {}
    impl StudentOps for Autodiff<Wgpu> {}
}

#[cfg(feature = "cuda")]
mod on_cuda {
    use super::StudentOps;
    use burn::backend::{Autodiff, Cuda};

    impl StudentOps for Cuda {}
    impl StudentOps for Autodiff<Cuda> {}
}
