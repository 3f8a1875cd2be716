//! L1, PSNR and SSIM over chosen pixels, accumulated over many pictures.

use super::ssim_map;
use serde::Serialize;

/// The three scores over all counted pixels of all pictures; `NaN` if there were none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Mean absolute difference over all channels, in the networks' range [-1, 1] as in the training's losses.
    pub l1: f64,
    /// Peak signal-to-noise ratio in decibels: -10 log10 of the mean squared difference over red, green, blue and alpha
    /// as stored (linear light, premultiplied), clamped and mapped to [0, 1]. The mean is over all pictures at once.
    pub psnr_db: f64,
    /// Mean structural similarity, at most 1: see [`ssim_map`].
    pub ssim: f64,
}

/// The sums behind the scores, accumulated picture by picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    values: f64,
    absolute: f64,
    squared: f64,
    pixels: f64,
    similarity: f64,
}

impl Tally {
    /// Adds the differences of two outputs `[channels, pixels]`, over the pixels set in `counts`.
    ///
    /// # Panics
    /// If the sizes differ.
    pub fn add(&mut self, truth: &[f32], prediction: &[f32], counts: &[bool]) {
        assert_eq!(truth.len(), prediction.len(), "both outputs have one size");
        assert!(truth.len().is_multiple_of(counts.len()), "whole channels of pixels");
        let unit = |value: f32| f64::from(value).clamp(-1.0, 1.0) * 0.5;
        let pairs = truth.iter().zip(prediction).zip(counts.iter().cycle());
        for ((truth, prediction), _) in pairs.filter(|(_, counts)| **counts) {
            self.values += 1.0;
            self.absolute += f64::from(truth - prediction).abs();
            self.squared += (unit(*truth) - unit(*prediction)).powi(2);
        }
    }

    /// Adds the similarity of two pictures, their [`ssim_map`], over the pixels set in `counts`.
    pub fn add_similarity(&mut self, map: &[f32], counts: &[bool]) {
        for (value, _) in map.iter().zip(counts).filter(|(_, counts)| **counts) {
            self.pixels += 1.0;
            self.similarity += f64::from(*value);
        }
    }

    /// The scores so far.
    pub fn scores(&self) -> Scores {
        Scores {
            l1: self.absolute / self.values,
            psnr_db: -10.0 * (self.squared / self.values).log10(),
            ssim: self.similarity / self.pixels,
        }
    }
}

/// Compares two square pictures, `[4, size, size]` in [-1, 1], over the pixels set in `counts`.
///
/// # Panics
/// If the sizes differ.
pub fn compare(truth: &[f32], prediction: &[f32], size: usize, counts: &[bool]) -> Scores {
    let mut tally = Tally::default();
    tally.add(truth, prediction, counts);
    tally.add_similarity(&ssim_map(truth, prediction, size), counts);
    tally.scores()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_cover_only_the_counted_pixels() {
        let truth = vec![0.5; 4 * 16 * 16];
        let mut prediction = truth.clone();
        // 0.2 off, in the first row of the first channel only.
        prediction[..16].fill(0.3);
        let row: Vec<bool> = (0..16 * 16).map(|i| i < 16).collect();
        let scores = compare(&truth, &prediction, 16, &row);
        assert!((scores.l1 - 0.2 / 4.0).abs() < 1e-6, "{scores:?}");
        assert!((scores.psnr_db + 10.0 * (0.01_f64 / 4.0).log10()).abs() < 1e-4, "{scores:?}");
        let rest: Vec<bool> = row.iter().map(|counts| !counts).collect();
        let elsewhere = compare(&truth, &prediction, 16, &rest);
        assert!(elsewhere.l1 == 0.0 && elsewhere.psnr_db == f64::INFINITY && elsewhere.ssim > scores.ssim);
    }

    #[test]
    fn psnr_clamps_values_out_of_range() {
        let mut tally = Tally::default();
        tally.add(&[1.0], &[1.5], &[true]);
        let Scores { l1, psnr_db, ssim } = tally.scores();
        assert!((l1 - 0.5).abs() < 1e-9 && psnr_db == f64::INFINITY && ssim.is_nan());
    }

    #[test]
    fn scores_pool_all_pictures() {
        let mut tally = Tally::default();
        tally.add(&[0.0, 0.0], &[0.2, 9.0], &[true, false]);
        tally.add(&[0.0], &[0.4], &[true]);
        assert!((tally.scores().l1 - 0.3).abs() < 1e-6);
    }
}
