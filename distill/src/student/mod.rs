//! The two networks of a student as burn modules (`core/spec/student.md`), their initial weights, and the conversion to
//! and from character models.

mod body;
mod convert;
mod face;
mod init;

pub use crate::ops::BodyOutput;
pub use body::{BodyMorpher, BodyMorpherConfig};
pub use face::{FaceMorpher, FaceMorpherConfig};
pub use init::Init;

use crate::ops::{Layer, SineBlock, Window};
use burn::{
    module::{Module, Param},
    tensor::{Tensor, backend::Backend},
};

/// A linear layer at each position, `y = W x + b`.
#[derive(Module, Debug)]
pub struct Linear<B: Backend> {
    /// `[outputs, inputs]`.
    pub weight: Param<Tensor<B, 2>>,
    /// `[outputs]`.
    pub bias: Param<Tensor<B, 1>>,
}

impl<B: Backend> Linear<B> {
    /// The layer as an operation's input.
    fn layer(&self) -> Layer<B> {
        Layer { weight: self.weight.val(), bias: Some(self.bias.val()) }
    }

    /// Some of the weight's columns, one for each input.
    fn columns(&self, first: usize, count: usize) -> Tensor<B, 2> {
        self.weight.val().narrow(1, first, count)
    }
}

/// The block of `sine` layers and an exit for `poses`, `[n, values]`. The first layer's inputs are the features of the
/// level below, the position and the pose.
fn sine_block<B: Backend>(
    sine: &[Linear<B>],
    exit: Layer<B>,
    poses: Tensor<B, 2>,
    below: Option<Tensor<B, 4>>,
    window: Window,
) -> SineBlock<B> {
    let first = &sine[0];
    let values = poses.dims()[1];
    let features = first.weight.dims()[1] - 2 - values;
    let pose = poses.matmul(first.columns(features + 2, values).transpose());
    SineBlock {
        window,
        position: first.columns(features, 2),
        bias: pose + first.bias.val().unsqueeze(),
        below,
        hidden: sine[1..].iter().map(Linear::layer).collect(),
        exit,
    }
}
