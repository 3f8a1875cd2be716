//! Prepares pictures for VGG16, and reads its weights from a file.

use crate::{
    digest::sha256,
    files::{self, reason},
};
use bunraku_core::character::Weights;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use std::path::Path;

/// ImageNet's mean and deviation of red, green and blue, as torchvision uses them.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// The end of sRGB's linear segment, in linear light (`core/spec/images.md`).
const KNEE: f32 = 0.003_130_805;

/// Turns `[n, 4, h, w]` in [-1, 1], linear and premultiplied, into `[2 n, 3, h, w]`: all on black, then all on white,
/// as normalised sRGB. Values out of range are clamped and have no gradient.
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

/// Linear light in [0, 1] as sRGB, with a finite slope at 0.
fn srgb<B: Backend>(light: Tensor<B, 4>) -> Tensor<B, 4> {
    let straight = light.clone().mul_scalar(12.92);
    // The power curve's slope is infinite at 0: even unused, it would make the gradient NaN.
    let curve = light.clone().clamp_min(KNEE).powf_scalar(1.0 / 2.4).mul_scalar(1.055).sub_scalar(0.055);
    curve.mask_where(light.lower_equal_elem(KNEE), straight)
}

/// Reads a weights file of at most `limit` bytes, and its SHA-256.
pub(super) fn read(path: &Path, limit: u64) -> Result<(Weights, String), String> {
    let bytes = files::read(path, limit).map_err(|error| reason(&error))?;
    let weights = Weights::read_within(&bytes, limit).map_err(|error| error.to_string())?;
    Ok((weights, sha256(&bytes)))
}
