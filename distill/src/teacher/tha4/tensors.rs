//! The layers on any burn backend.

use std::{collections::BTreeMap, ops::Range};

use bunraku_core::character::Weights;
use burn::tensor::{
    Tensor, TensorData,
    activation::{relu, sigmoid, silu, softmax, tanh},
    backend::Backend,
    module::{avg_pool2d, conv_transpose2d, conv2d, interpolate},
    ops::{ConvOptions, ConvTransposeOptions, InterpolateMode, InterpolateOptions},
};

use super::layers::{FeatureMap, Layers};
use crate::ops::generic::sample;

/// A module's weights on a device.
pub(super) struct TensorLayers<B: Backend> {
    weights: BTreeMap<String, Weight<B>>,
    device: B::Device,
}

struct Weight<B: Backend> {
    values: Tensor<B, 1>,
    shape: Vec<usize>,
}

impl<B: Backend> Weight<B> {
    /// The weight as a tensor of its layer's rank, which its shape must have.
    fn tensor<const D: usize>(&self) -> Tensor<B, D> {
        let mut shape = [1; D];
        shape.copy_from_slice(&self.shape);
        self.values.clone().reshape(shape)
    }
}

impl<B: Backend> TensorLayers<B> {
    /// Moves a module's weights to a device. They must have been checked.
    pub(super) fn new(weights: Weights, device: &B::Device) -> Self {
        let weights = weights.0.into_iter().map(|(key, tensor)| {
            let count = tensor.values.len();
            let values = Tensor::from_data(TensorData::new(tensor.values, [count]), device);
            (key, Weight { values, shape: tensor.shape })
        });
        Self { weights: weights.collect(), device: device.clone() }
    }

    fn weight<const D: usize>(&self, key: &str) -> Tensor<B, D> {
        self.weights[&format!("{key}.weight")].tensor()
    }

    fn bias(&self, key: &str) -> Option<Tensor<B, 1>> {
        self.weights.get(&format!("{key}.bias")).map(Weight::tensor)
    }

    /// Mean 0 and variance 1 in each of `groups` groups of channels, then the key's weight and bias a channel.
    fn norm(&self, key: &str, x: &Tensor<B, 4>, groups: usize) -> Tensor<B, 4> {
        let [n, c, h, w] = x.dims();
        // Means of rows, then of these: a picture is mostly one colour, and the norm amplifies small errors.
        let mean = |x: Tensor<B, 4>| x.mean_dim(3).mean_dim(2);
        let grouped = x.clone().reshape([n, groups, c / groups * h, w]);
        let roughly = grouped.clone() - mean(grouped);
        let centred = roughly.clone() - mean(roughly);
        let variance = mean(centred.clone().square());
        let normal = (centred / (variance + 1e-5).sqrt()).reshape([n, c, h, w]);
        let channels = |values: Tensor<B, 1>| values.reshape([1, c, 1, 1]);
        let scaled = normal * channels(self.weight(key));
        self.bias(key).map_or_else(|| scaled.clone(), |bias| scaled.clone() + channels(bias))
    }
}

impl<B: Backend> Layers for TensorLayers<B> {
    type Map = Tensor<B, 4>;
    type Vector = Tensor<B, 2>;

    fn conv(&self, key: &str, x: &Self::Map) -> Self::Map {
        let weight = self.weight::<4>(key);
        let padding = weight.dims()[2] / 2;
        conv2d(x.clone(), weight, self.bias(key), ConvOptions::new([1; 2], [padding; 2], [1; 2], 1))
    }

    fn conv_onto(&self, key: &str, x: &Self::Map, onto: &Self::Map) -> Self::Map {
        self.conv(key, x) + onto.clone()
    }

    fn convs(&self, keys: &[&str], x: &Self::Map) -> Self::Map {
        Tensor::cat(keys.iter().map(|key| self.conv(key, x)).collect(), 1)
    }

    fn conv_down(&self, key: &str, x: &Self::Map) -> Self::Map {
        conv2d(x.clone(), self.weight(key), self.bias(key), ConvOptions::new([2; 2], [1; 2], [1; 2], 1))
    }

    fn conv_up(&self, key: &str, x: &Self::Map) -> Self::Map {
        let options = ConvTransposeOptions::new([2; 2], [1; 2], [0; 2], [1; 2], 1);
        conv_transpose2d(x.clone(), self.weight(key), self.bias(key), options)
    }

    fn instance_norm(&self, key: &str, x: &Self::Map) -> Self::Map {
        self.norm(key, x, x.dims()[1])
    }

    fn group_norm(&self, key: &str, x: &Self::Map) -> Self::Map {
        self.norm(key, x, x.dims()[1].min(32))
    }

    fn modulate(&self, x: &Self::Map, modulation: &Self::Vector) -> Self::Map {
        let ([_, c, ..], [n, _]) = (x.dims(), modulation.dims());
        let part = |range| modulation.clone().slice([0..n, range]).reshape([n, c, 1, 1]);
        x.clone() * (part(0..c) + 1.0) + part(c..2 * c)
    }

    fn planes(&self, vector: &Self::Vector, like: &Self::Map) -> Self::Map {
        let ([n, count], [_, _, h, w]) = (vector.dims(), like.dims());
        vector.clone().reshape([n, count, 1, 1]).expand([n, count, h, w])
    }

    fn picture(&self, planes: &[f32], channels: usize, [height, width]: [usize; 2]) -> Self::Map {
        Tensor::from_data(TensorData::new(planes.to_vec(), [1, channels, height, width]), &self.device)
    }

    fn vector(&self, values: &[f32]) -> Self::Vector {
        Tensor::from_data(TensorData::new(values.to_vec(), [1, values.len()]), &self.device)
    }

    fn part(&self, vector: &Self::Vector, range: Range<usize>) -> Self::Vector {
        let [n, _] = vector.dims();
        vector.clone().slice([0..n, range])
    }

    fn linear(&self, key: &str, vector: &Self::Vector) -> Self::Vector {
        let product = vector.clone().matmul(self.weight::<2>(key).transpose());
        self.bias(key).map_or_else(|| product.clone(), |bias| product.clone() + bias.unsqueeze())
    }

    fn silu(&self, vector: &Self::Vector) -> Self::Vector {
        silu(vector.clone())
    }

    fn keys(&self) -> Vec<String> {
        self.weights.keys().cloned().collect()
    }

    fn has(&self, key: &str) -> bool {
        self.weights.contains_key(key)
    }
}

impl<B: Backend> FeatureMap for Tensor<B, 4> {
    fn size(&self) -> [usize; 2] {
        let [_, _, h, w] = self.dims();
        [h, w]
    }

    fn relu(&self) -> Self {
        relu(self.clone())
    }

    fn silu(&self) -> Self {
        silu(self.clone())
    }

    fn sigmoid(&self) -> Self {
        sigmoid(self.clone())
    }

    fn tanh(&self) -> Self {
        tanh(self.clone())
    }

    fn to_unit(&self) -> Self {
        (self.clone() + 1.0) * 0.5
    }

    fn add(&self, other: &Self) -> Self {
        self.clone() + other.clone()
    }

    fn concat(&self, other: &Self) -> Self {
        Self::cat(vec![self.clone(), other.clone()], 1)
    }

    fn channels(&self, range: Range<usize>) -> Self {
        let [n, _, h, w] = self.dims();
        self.clone().slice([0..n, range, 0..h, 0..w])
    }

    fn crop(&self, rows: Range<usize>, columns: Range<usize>) -> Self {
        let [n, c, ..] = self.dims();
        self.clone().slice([0..n, 0..c, rows, columns])
    }

    fn paste(&self, patch: &Self, row: usize, column: usize) -> Self {
        let [n, c, h, w] = patch.dims();
        self.clone().slice_assign([0..n, 0..c, row..row + h, column..column + w], patch.clone())
    }

    fn halve(&self) -> Self {
        avg_pool2d(self.clone(), [2; 2], [2; 2], [0; 2], true, false)
    }

    fn repeat_pixels(&self) -> Self {
        let [n, c, h, w] = self.dims();
        self.clone().reshape([n * c, h, 1, w, 1]).expand([n * c, h, 2, w, 2]).reshape([n, c, 2 * h, 2 * w])
    }

    fn enlarge(&self) -> Self {
        let options = InterpolateOptions::new(InterpolateMode::Bilinear).with_align_corners(false);
        interpolate(self.clone(), self.size().map(|edge| 2 * edge), options)
    }

    fn warp(&self, grid_change: &Self) -> Self {
        let ([h, w], device) = (self.size(), self.device());
        let centres = |n: usize| (0..n).map(|i| (2 * i + 1) as f32 / n as f32 - 1.0).collect::<Vec<_>>();
        let x = Self::from_data(TensorData::new(centres(w), [1, 1, 1, w]), &device).expand([1, 1, h, w]);
        let y = Self::from_data(TensorData::new(centres(h), [1, 1, h, 1]), &device).expand([1, 1, h, w]);
        sample(self.clone(), &(Self::cat(vec![x, y], 1) + grid_change.clone()))
    }

    fn blend(&self, colour: &Self, image: &Self) -> Self {
        colour.clone() * self.clone() + image.clone() * (-self.clone() + 1.0)
    }

    fn attend(&self, heads: usize) -> Self {
        let [n, c, h, w] = self.dims();
        let (width, depth) = (c / 3, c / 3 / heads);
        let part = |i: usize| self.channels(i * width..(i + 1) * width).reshape([n * heads, depth, h * w]);
        let scale = (depth as f64).powf(-0.25);
        let logits = (part(0) * scale).transpose().matmul(part(1) * scale);
        let shares = softmax(logits, 2);
        part(2).matmul(shares.transpose()).reshape([n, width, h, w])
    }

    fn expand(&self, n: usize) -> Self {
        let [_, c, h, w] = self.dims();
        self.clone().expand([n, c, h, w])
    }

    #[cfg(test)]
    fn values(&self) -> Vec<f32> {
        self.to_data().to_vec().expect("float32")
    }
}
