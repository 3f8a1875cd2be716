//! The face morpher: repaints the 128 x 128 window around the face (`core/spec/student.md`).

use super::{Init, Linear, sine_block};
use crate::{
    loss::{FaceTarget, FaceWeights, Loss},
    ops::{SineBlock, StudentOps, Window},
};
use bunraku_core::{character::FACE_SIZE, pose::FACE_POSE_LEN};
use burn::{
    config::Config,
    module::Module,
    tensor::{Tensor, backend::Backend},
};

/// Channels of its output, those of the picture.
const OUTPUTS: usize = 4;

/// The face morpher's shape.
#[derive(Config, Debug, PartialEq, Eq)]
pub struct FaceMorpherConfig {
    /// Outputs of each sine layer; at least one layer.
    pub widths: Vec<usize>,
}

/// The face morpher: sine layers, then a linear one.
#[derive(Module, Debug)]
pub struct FaceMorpher<B: Backend> {
    /// At least one.
    pub sine: Vec<Linear<B>>,
    /// To the picture's four channels.
    pub last: Linear<B>,
}

impl FaceMorpherConfig {
    /// The published students' shape (`core/spec/student.md`): 121 476 parameters.
    pub fn standard() -> Self {
        Self::new(vec![128; 8])
    }

    /// A network with initial weights from `seed`, and from `position` if set (see [`Init::new`]).
    pub fn init<B: Backend>(&self, position: Option<f64>, seed: u64, device: &B::Device) -> FaceMorpher<B> {
        let mut init = Init::new(seed, position);
        let sine = init.sine_layers([0, 0, FACE_POSE_LEN], &self.widths, device);
        let inputs = self.widths.last().copied().unwrap_or(2 + FACE_POSE_LEN);
        FaceMorpher { sine, last: init.last_layer(inputs, OUTPUTS, device) }
    }
}

impl<B: StudentOps> FaceMorpher<B> {
    /// The face, `[n, 4, 128, 128]`. `poses` is `[n, 39]` or `[n, 45]`; only the first 39 parameters matter.
    pub fn forward(&self, poses: Tensor<B, 2>) -> Tensor<B, 4> {
        self.forward_window(poses, Window::whole(FACE_SIZE))
    }

    /// A part of the face: `window` is on the grid of 128.
    pub fn forward_window(&self, poses: Tensor<B, 2>, window: Window) -> Tensor<B, 4> {
        B::sine_block(self.sine_block(poses, window))
    }

    /// The loss in `window` of the grid of 128, which `target` is cropped to.
    pub fn loss(&self, poses: Tensor<B, 2>, target: &FaceTarget<B>, weights: FaceWeights, window: Window) -> Loss<B> {
        B::face_loss(self.sine_block(poses, window), target, weights)
    }

    /// The whole network for a window of the grid of 128.
    pub fn sine_block(&self, poses: Tensor<B, 2>, window: Window) -> SineBlock<B> {
        let poses = poses.narrow(1, 0, FACE_POSE_LEN);
        sine_block(&self.sine, self.last.layer(), poses, None, window)
    }
}
