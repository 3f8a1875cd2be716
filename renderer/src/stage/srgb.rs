//! Between linear light and 8-bit sRGB: exactly rounded, without a power function for each value.

use bunraku_core::color::srgb_to_linear;
use std::sync::LazyLock;

/// Bins of [0, 1]. Thresholds between codes lie at least 1 / (12.92 * 255) apart, which is more than a bin, so each bin
/// holds one threshold at most.
const BINS: usize = 4096;

/// The tables between 8-bit sRGB and linear light.
pub(crate) struct Srgb {
    /// The linear value of each code.
    linear: [f32; 256],
    /// The code of each bin's lower edge.
    first: [u8; BINS + 1],
    /// The least linear value of the code after each code; none beyond the last.
    next: [f32; 256],
}

static TABLES: LazyLock<Srgb> = LazyLock::new(Srgb::new);

impl Srgb {
    /// The tables, made on first use.
    pub(crate) fn get() -> &'static Self {
        &TABLES
    }

    fn new() -> Self {
        let linear = |code: f64| srgb_to_linear(code / 255.0) as f32;
        let next = std::array::from_fn(|code| if code < 255 { linear(code as f64 + 0.5) } else { f32::INFINITY });
        let first = std::array::from_fn(|bin| {
            let edge = bin as f32 / BINS as f32;
            next.iter().take_while(|&&threshold| threshold <= edge).count() as u8
        });
        Self { linear: std::array::from_fn(|code| linear(code as f64)), first, next }
    }

    /// The linear value of an 8-bit sRGB code.
    pub(crate) fn decode(&self, code: u8) -> f32 {
        self.linear[usize::from(code)]
    }

    /// The 8-bit sRGB code of a linear value, which is clamped to [0, 1]; what is not a number becomes 0.
    pub(crate) fn encode(&self, linear: f32) -> u8 {
        let linear = linear.clamp(0.0, 1.0);
        let code = self.first[(linear * BINS as f32) as usize];
        code + u8::from(linear >= self.next[usize::from(code)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_gets_the_nearest_code() {
        for step in 0..=1_000_000 {
            let linear = step as f32 / 1e6;
            let value = f64::from(linear);
            let encoded = if value <= 0.003_130_8 { 12.92 * value } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
            let code = f64::from(Srgb::get().encode(linear));
            assert!((code - encoded * 255.0).abs() < 0.5 + 1e-3, "{linear} became {code}, not {}", encoded * 255.0);
        }
    }
}
