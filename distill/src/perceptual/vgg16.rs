//! VGG16 (Simonyan and Zisserman 2015, configuration D) up to relu3_3.

use bunraku_core::character::Weights;
use burn::tensor::{Tensor, TensorData, activation::relu, backend::Backend, module, ops::ConvOptions};

/// The convolutions: index in torchvision's `features`, channels in, channels out.
pub(crate) const CONVOLUTIONS: [(usize, usize, usize); 7] =
    [(0, 3, 64), (2, 64, 64), (5, 64, 128), (7, 128, 128), (10, 128, 256), (12, 256, 256), (14, 256, 256)];

/// The convolutions whose outputs are compared after ReLU; each but the last is followed by pooling.
const TAPS: [usize; 3] = [2, 7, 14];

/// The fixed network. Its tensors are not parameters and are never trained.
#[derive(Clone, Debug)]
pub(super) struct Vgg16<B: Backend> {
    layers: Vec<(usize, Tensor<B, 4>, Tensor<B, 1>)>,
}

impl<B: Backend> Vgg16<B> {
    /// Takes the tensors it needs, or names every one that is missing or has another shape.
    pub(super) fn new(weights: &Weights, device: &B::Device) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mut take = |name: String, shape: Vec<usize>| match weights.0.get(&name) {
            Some(tensor) if tensor.shape == shape => Some(TensorData::new(tensor.values.clone(), shape)),
            Some(tensor) => {
                wrong.push(format!("its tensor `{name}` has the shape {:?}, not {shape:?}", tensor.shape));
                None
            }
            None => {
                wrong.push(format!("the tensor `{name}` of the shape {shape:?} is missing"));
                None
            }
        };
        let mut layers = Vec::new();
        for (index, from, to) in CONVOLUTIONS {
            let weight = take(format!("features.{index}.weight"), vec![to, from, 3, 3]);
            let bias = take(format!("features.{index}.bias"), vec![to]);
            if let (Some(weight), Some(bias)) = (weight, bias) {
                layers.push((index, Tensor::from_data(weight, device), Tensor::from_data(bias, device)));
            }
        }
        if wrong.is_empty() { Ok(Self { layers }) } else { Err(wrong) }
    }

    /// The features of `[n, 3, h, w]` at the three depths.
    pub(super) fn features(&self, pictures: Tensor<B, 4>) -> Vec<Tensor<B, 4>> {
        let mut features = Vec::new();
        let mut at = pictures;
        for (index, weight, bias) in &self.layers {
            let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
            at = relu(module::conv2d(at, weight.clone(), Some(bias.clone()), options));
            if TAPS.contains(index) {
                features.push(at.clone());
                at = module::max_pool2d(at, [2, 2], [2, 2], [0, 0], [1, 1], false);
            }
        }
        features
    }
}
