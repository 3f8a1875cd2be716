//! The body morpher: warps the picture, and paints what warping cannot show (`core/spec/student.md`).

use super::{Init, Linear, sine_block};
use crate::{
    loss::{BodyTarget, BodyWeights, Loss},
    ops::{BodyOutput, Layer, SineBlock, StudentOps, Window},
};
use bunraku_core::{character::IMAGE_SIZE, pose::POSE_LEN};
use burn::{
    config::Config,
    module::Module,
    tensor::{Tensor, backend::Backend},
};

/// The channels of its last layer: grid change x, y; alpha; colour change RGBA.
const OUTPUTS: usize = 7;

/// The body morpher's shape.
#[derive(Config, Debug, PartialEq, Eq)]
pub struct BodyMorpherConfig {
    /// Outputs of each sine layer of the three levels; at least one layer a level.
    pub widths: [Vec<usize>; 3],
}

/// The body morpher: sine layers on grids of 128, 256 and 512, then a linear layer.
#[derive(Module, Debug)]
pub struct BodyMorpher<B: Backend> {
    /// The sine layers of each level, at least one each.
    pub levels: [Vec<Linear<B>>; 3],
    /// To the seven channels.
    pub last: Linear<B>,
}

impl BodyMorpherConfig {
    /// The published students' shape (`core/spec/student.md`): 331 567 parameters.
    pub fn standard() -> Self {
        Self::new([vec![360, 360, 180], vec![180, 180, 90], vec![90, 90, 90]])
    }

    /// A network with initial weights from `seed`, and from `position` if set (see [`Init::new`]).
    pub fn init<B: Backend>(&self, position: Option<f64>, seed: u64, device: &B::Device) -> BodyMorpher<B> {
        let mut init = Init::new(seed, position);
        let mut features = 0;
        let levels = [0, 1, 2].map(|level: usize| {
            let widths = &self.widths[level];
            let layers = init.sine_layers([level, features, POSE_LEN], widths, device);
            features = widths.last().copied().unwrap_or(features);
            layers
        });
        BodyMorpher { levels, last: init.last_layer(features, OUTPUTS, device) }
    }
}

impl<B: StudentOps> BodyMorpher<B> {
    /// The whole picture: `image` is `[n, 4, 512, 512]`, `poses` `[n, 45]`.
    pub fn forward(&self, image: Tensor<B, 4>, poses: Tensor<B, 2>) -> BodyOutput<B> {
        self.forward_window(image, poses, Window::whole(IMAGE_SIZE))
    }

    /// A part of the picture, with the parts of the levels below that it needs: `window` is on the grid of 512; `image`
    /// is still whole.
    pub fn forward_window(&self, image: Tensor<B, 4>, poses: Tensor<B, 2>, window: Window) -> BodyOutput<B> {
        BodyOutput::new(image, B::sine_block(self.last_block(poses, window)), window)
    }

    /// The loss in `window` of the picture, which `target` is cropped to.
    pub fn loss(&self, poses: Tensor<B, 2>, target: &BodyTarget<B>, weights: BodyWeights, window: Window) -> Loss<B> {
        B::body_loss(self.last_block(poses, window), target, weights)
    }

    /// The last level, which gives the seven channels in `window`; evaluates the levels below.
    pub fn last_block(&self, poses: Tensor<B, 2>, window: Window) -> SineBlock<B> {
        let windows = [window.below().below(), window.below()];
        let mut below = None;
        for (level, window) in windows.into_iter().enumerate() {
            below =
                Some(B::sine_block(sine_block(&self.levels[level], self.exit(level), poses.clone(), below, window)));
        }
        sine_block(&self.levels[2], self.last.layer(), poses, below, window)
    }

    /// The exit of a level below the last: the feature columns of the next level's first layer.
    fn exit(&self, level: usize) -> Layer<B> {
        let next = &self.levels[level + 1][0];
        let features = next.weight.dims()[1] - 2 - POSE_LEN;
        Layer { weight: next.columns(0, features), bias: None }
    }
}
