//! Colour: 8-bit sRGB outside, linear-light premultiplied planes in [-1, 1] inside (`spec/THA4.md` §1.1, §1.2).

use std::sync::LazyLock;

/// The linear light of an sRGB value, both in [0, 1]; what lies outside is clamped first.
pub fn srgb_to_linear(value: f64) -> f64 {
    let value = value.clamp(0.0, 1.0);
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The linear light of each 8-bit sRGB value.
static LINEAR: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|value| srgb_to_linear(value as f64 / 255.0) as f32));

/// Straight-alpha 8-bit sRGB pixels, row by row, as planes `[4, pixels]` in the networks' convention: linear light times
/// alpha, and alpha, each mapped from [0, 1] to [-1, 1].
pub fn planes_from_rgba8(pixels: &[u8]) -> Vec<f32> {
    let count = pixels.len() / 4;
    let mut planes = vec![0.0; 4 * count];
    for (index, &[red, green, blue, alpha]) in pixels.as_chunks::<4>().0.iter().enumerate() {
        let alpha = f32::from(alpha) / 255.0;
        for (channel, value) in [red, green, blue].into_iter().enumerate() {
            planes[channel * count + index] = LINEAR[usize::from(value)] * alpha * 2.0 - 1.0;
        }
        planes[3 * count + index] = alpha * 2.0 - 1.0;
    }
    planes
}
