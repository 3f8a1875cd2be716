//! From the networks' planes to what VGG16 was trained on; and its weights from a file.

use crate::{
    digest::sha256,
    files::{self, reason},
};
use bunraku_core::character::Weights;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use std::path::Path;

/// ImageNet's mean and deviation of red, green and blue, as torchvision normalises them.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// Where sRGB's straight part ends, in linear light (`core/spec/images.md`).
const KNEE: f32 = 0.003_130_805;

/// `[n, 4, h, w]` in [-1, 1], linear and premultiplied, becomes `[2 n, 3, h, w]`: first all on black, then all on white,
/// as normalised sRGB. What lies outside the range is clamped and has no gradient.
pub(super) fn on_both_grounds<B: Backend>(pictures: Tensor<B, 4>) -> Tensor<B, 4> {
    let device = pictures.device();
    let unit = pictures.mul_scalar(0.5).add_scalar(0.5).clamp(0.0, 1.0);
    let [n, _, h, w] = unit.dims();
    let black = unit.clone().slice([0..n, 0..3, 0..h, 0..w]);
    let through = unit.slice([0..n, 3..4, 0..h, 0..w]).neg().add_scalar(1.0);
    let white = (black.clone() + through).clamp_max(1.0);
    let channels = |values: [f32; 3]| Tensor::from_data(TensorData::new(values.to_vec(), [1, 3, 1, 1]), &device);
    (srgb(Tensor::cat(vec![black, white], 0)) - channels(MEAN)) / channels(DEVIATION)
}

/// Linear light in [0, 1] as sRGB. Its slope is that of the curve everywhere, at 0 too.
fn srgb<B: Backend>(light: Tensor<B, 4>) -> Tensor<B, 4> {
    let straight = light.clone().mul_scalar(12.92);
    // The curve's own slope is infinite at 0, where it is not taken; infinity times nothing would still be no number.
    let curve = light.clone().clamp_min(KNEE).powf_scalar(1.0 / 2.4).mul_scalar(1.055).sub_scalar(0.055);
    curve.mask_where(light.lower_equal_elem(KNEE), straight)
}

/// Reads a weights file of at most `limit` bytes; gives its SHA-256, too.
pub(super) fn read(path: &Path, limit: u64) -> Result<(Weights, String), String> {
    let bytes = files::read(path, limit).map_err(|error| reason(&error))?;
    let weights = Weights::read_within(&bytes, limit).map_err(|error| error.to_string())?;
    Ok((weights, sha256(&bytes)))
}
