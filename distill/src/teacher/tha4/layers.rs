//! The interface the teacher's networks are written against: layers that look up their weights by key, and feature
//! maps.
//!
//! Two engines implement it: [`tensors`](super::tensors) runs on every burn backend; [`cpu`](super::cpu) is faster on
//! the CPU.

use std::ops::Range;

/// A batch of feature maps or pictures, `[n, channels, height, width]`.
pub trait FeatureMap: Clone {
    /// Height and width.
    fn size(&self) -> [usize; 2];
    /// `max(x, 0)`.
    fn relu(&self) -> Self;
    /// `x · sigmoid(x)`.
    fn silu(&self) -> Self;
    /// `1 / (1 + exp(-x))`.
    fn sigmoid(&self) -> Self;
    /// `(x + 1) / 2`: from [-1, 1] to [0, 1].
    fn to_unit(&self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(&self) -> Self;
    /// Element by element.
    fn add(&self, other: &Self) -> Self;
    /// The channels of one, then those of the other.
    fn concat(&self, other: &Self) -> Self;
    /// Some of the channels.
    fn channels(&self, range: Range<usize>) -> Self;
    /// A window.
    fn crop(&self, rows: Range<usize>, columns: Range<usize>) -> Self;
    /// The same with `patch` over it, its first pixel at `row` and `column`.
    fn paste(&self, patch: &Self, row: usize, column: usize) -> Self;
    /// Half the size: means of 2 x 2.
    fn halve(&self) -> Self;
    /// Twice the size, each pixel four times.
    fn repeat_pixels(&self) -> Self;
    /// Twice the size, bilinear with half-pixel centres.
    fn enlarge(&self) -> Self;
    /// Each pixel sampled at itself plus `grid_change`: bilinear, with the border extended (`core/spec/student.md`).
    fn warp(&self, grid_change: &Self) -> Self;
    /// `colour · self + image · (1 - self)`; self has one channel.
    fn blend(&self, colour: &Self, image: &Self) -> Self;
    /// `v · softmax(kᵀ q / sqrt(channels of a head))` of channels `q | k | v`, each cut into `heads`.
    fn attend(&self, heads: usize) -> Self;
    /// A constant of batch 1, as batch `n`.
    fn expand(&self, n: usize) -> Self;
    /// The values of the whole batch, row-major.
    #[cfg(test)]
    fn values(&self) -> Vec<f32>;
}

/// The weights of one module, applied.
pub(super) trait Layers {
    /// Maps of features.
    type Map: FeatureMap;
    /// A batch of vectors, `[n, length]`.
    type Vector: Clone;

    /// Convolution, stride 1, as large as its input: `<key>.weight` of 1 x 1 or 3 x 3, and `<key>.bias` if there is one.
    fn conv(&self, key: &str, x: &Self::Map) -> Self::Map;
    /// [`conv`](Self::conv), added to another map.
    fn conv_onto(&self, key: &str, x: &Self::Map, onto: &Self::Map) -> Self::Map;
    /// Convolutions of the same map, their channels one after the other.
    fn convs(&self, keys: &[&str], x: &Self::Map) -> Self::Map;
    /// 4 x 4, stride 2, padded by 1: half the size.
    fn conv_down(&self, key: &str, x: &Self::Map) -> Self::Map;
    /// Transposed 4 x 4, stride 2, padded by 1: twice the size.
    fn conv_up(&self, key: &str, x: &Self::Map) -> Self::Map;
    /// Every channel of every picture to mean 0 and variance 1, then `<key>.weight` and `<key>.bias`.
    fn instance_norm(&self, key: &str, x: &Self::Map) -> Self::Map;
    /// The same over each of min(32, channels) groups of channels.
    fn group_norm(&self, key: &str, x: &Self::Map) -> Self::Map;
    /// `x · (1 + scale) + shift`; the vector's first half is the scale of each channel, the second the shift.
    fn modulate(&self, x: &Self::Map, modulation: &Self::Vector) -> Self::Map;
    /// A constant map of each of the vector's numbers, as large as another map.
    fn planes(&self, vector: &Self::Vector, like: &Self::Map) -> Self::Map;
    /// A picture of batch 1 from its planes.
    fn picture(&self, planes: &[f32], channels: usize, size: [usize; 2]) -> Self::Map;
    /// A vector of batch 1.
    fn vector(&self, values: &[f32]) -> Self::Vector;
    /// Some of the vector's numbers.
    fn part(&self, vector: &Self::Vector, range: Range<usize>) -> Self::Vector;
    /// `<key>.weight` times the vector, plus `<key>.bias`.
    fn linear(&self, key: &str, vector: &Self::Vector) -> Self::Vector;
    /// `x · sigmoid(x)` of a vector.
    fn silu(&self, vector: &Self::Vector) -> Self::Vector;
    /// The keys of the module's tensors.
    fn keys(&self) -> Vec<String>;
    /// Whether there is a tensor of this key.
    fn has(&self, key: &str) -> bool;
}
