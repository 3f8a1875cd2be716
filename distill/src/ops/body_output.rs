//! The body morpher's output, assembled from the channels of its last layer.

use super::{StudentOps, Window};
use burn::tensor::{Tensor, backend::Backend};

/// The body morpher's output, each part `[n, channels, height, width]` of the requested window.
#[derive(Clone, Debug)]
pub struct BodyOutput<B: Backend> {
    /// 4 channels: the finished picture.
    pub blended: Tensor<B, 4>,
    /// 4 channels: the warped picture.
    pub warped: Tensor<B, 4>,
    /// 2 channels: where each pixel of `warped` is sampled, relative to itself; x before y, in half pictures.
    pub grid_change: Tensor<B, 4>,
    /// 4 channels: the painted colours.
    pub color_change: Tensor<B, 4>,
    /// 1 channel: the opacity of `color_change`; not bounded.
    pub alpha: Tensor<B, 4>,
}

impl<B: StudentOps> BodyOutput<B> {
    /// From the seven channels, `[n, 7, height, width]` in a window of the picture `[n, 4, 512, 512]`.
    pub fn new(image: Tensor<B, 4>, channels: Tensor<B, 4>, window: Window) -> Self {
        let grid_change = channels.clone().narrow(1, 0, 2);
        let alpha = channels.clone().narrow(1, 2, 1);
        let color_change = channels.narrow(1, 3, 4);
        let warped = B::warp(image, grid_change.clone(), window);
        let blended = warped.clone() + alpha.clone() * (color_change.clone() - warped.clone());
        Self { blended, warped, grid_change, color_change, alpha }
    }
}

impl<B: Backend> BodyOutput<B> {
    /// The parts that the loss compares, in the order of its terms.
    pub fn compared(self) -> [Tensor<B, 4>; 4] {
        [self.blended, self.warped, self.grid_change, self.color_change]
    }
}
