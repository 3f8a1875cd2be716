//! Structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004, "Image quality assessment"), with the authors' 11 x
//! 11 Gaussian window of deviation 1.5 and their constants 0.01 and 0.03.

use bunraku_core::color::linear_to_srgb;
use rayon::prelude::*;

/// The window's edge in pixels.
pub const WINDOW: usize = 11;

const DEVIATION: f64 = 1.5;
const C1: f32 = 0.01 * 0.01;
const C2: f32 = 0.03 * 0.03;

/// The background of both pictures in linear light: sRGB's middle grey, against which neither dark nor bright edges
/// vanish.
const GROUND: f64 = 0.214_041_140_482_232_55;

/// The similarity of two pictures at every pixel, `[size, size]`, at most 1.
///
/// Planes are `[4, size, size]`, linear-light premultiplied, in [-1, 1]. Both are composited over middle grey in linear
/// light and encoded as sRGB, which is nearly linear to the eye; the result is the mean over red, green and blue. At
/// the picture's edge its outermost pixels repeat.
///
/// # Panics
/// Unless both pictures are `size` x `size`.
pub fn ssim_map(truth: &[f32], prediction: &[f32], size: usize) -> Vec<f32> {
    assert!(truth.len() == 4 * size * size && prediction.len() == truth.len(), "two pictures of {size} x {size}");
    let channels: Vec<Vec<f32>> = (0..3)
        .into_par_iter()
        .map(|channel| channel_map(&seen(truth, channel), &seen(prediction, channel), size))
        .collect();
    (0..size * size).map(|i| channels.iter().map(|map| map[i]).sum::<f32>() / 3.0).collect()
}

/// One channel composited over grey, as sRGB in [0, 1].
fn seen(planes: &[f32], channel: usize) -> Vec<f32> {
    let area = planes.len() / 4;
    let unit = |value: f32| f64::from(0.5 * value + 0.5).clamp(0.0, 1.0);
    let over = |i: usize| unit(planes[channel * area + i]) + (1.0 - unit(planes[3 * area + i])) * GROUND;
    (0..area).map(|i| linear_to_srgb(over(i)) as f32).collect()
}

fn channel_map(a: &[f32], b: &[f32], size: usize) -> Vec<f32> {
    let product = |a: &[f32], b: &[f32]| blurred(&a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f32>>(), size);
    let (mean_a, mean_b) = (blurred(a, size), blurred(b, size));
    let (square_a, square_b, cross) = (product(a, a), product(b, b), product(a, b));
    (0..a.len())
        .map(|i| {
            let (means, squares) = (mean_a[i] * mean_b[i], mean_a[i].powi(2) + mean_b[i].powi(2));
            let (covariance, variances) = (cross[i] - means, square_a[i] + square_b[i] - squares);
            (2.0 * means + C1) * (2.0 * covariance + C2) / ((squares + C1) * (variances + C2))
        })
        .collect()
}

/// The Gaussian mean around every pixel: along rows, then along columns.
fn blurred(values: &[f32], size: usize) -> Vec<f32> {
    let weights = weights();
    let tap = |at: usize, offset: usize| (at + offset).saturating_sub(WINDOW / 2).min(size - 1);
    let along = |values: &[f32], index: &dyn Fn(usize, usize, usize) -> usize| -> Vec<f32> {
        (0..size * size)
            .map(|i| weights.iter().enumerate().map(|(o, w)| w * values[index(i / size, i % size, o)]).sum())
            .collect()
    };
    let rows = along(values, &|y, x, offset| y * size + tap(x, offset));
    along(&rows, &|y, x, offset| tap(y, offset) * size + x)
}

/// A Gaussian with the sum 1.
fn weights() -> [f32; WINDOW] {
    let gauss = |i: usize| (-(i as f64 - (WINDOW / 2) as f64).powi(2) / (2.0 * DEVIATION * DEVIATION)).exp();
    let sum: f64 = (0..WINDOW).map(gauss).sum();
    std::array::from_fn(|i| (gauss(i) / sum) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 24;

    /// A wavy opaque picture of the given contrast.
    fn waves(contrast: f32) -> Vec<f32> {
        let wave = |i: usize| contrast * (0.9 * (i % SIZE) as f32).sin() * (0.7 * (i / SIZE) as f32).cos();
        (0..4 * SIZE * SIZE).map(|i| if i < 3 * SIZE * SIZE { wave(i % (SIZE * SIZE)) } else { 1.0 }).collect()
    }

    #[test]
    fn similarity_is_1_for_equal_pictures_and_falls_with_the_difference() {
        let truth = waves(0.5);
        assert!(ssim_map(&truth, &truth, SIZE).iter().all(|value| (value - 1.0).abs() < 1e-5));
        let mean = |contrast: f32| ssim_map(&truth, &waves(contrast), SIZE).iter().sum::<f32>() / (SIZE * SIZE) as f32;
        assert!(1.0 > mean(0.4) && mean(0.4) > mean(0.2) && mean(0.2) > mean(-0.5) && mean(-0.5) < 0.0);
    }

    /// The definition in `skimage.metrics.structural_similarity`, with the Gaussian window and population variances,
    /// written out at one pixel in double precision.
    #[test]
    fn one_pixel_matches_the_published_definition() {
        let (a, b) = (waves(0.5), waves(0.3));
        let (x, y) = (seen(&a, 1), seen(&b, 1));
        let (row, column) = (11, 9);
        let mut moments = [0.0_f64; 6];
        for dy in 0..WINDOW {
            for dx in 0..WINDOW {
                let distance = (dy as f64 - 5.0).powi(2) + (dx as f64 - 5.0).powi(2);
                let (weight, at) = ((-distance / 4.5).exp(), (row + dy - 5) * SIZE + column + dx - 5);
                let (p, q) = (f64::from(x[at]), f64::from(y[at]));
                for (sum, term) in moments.iter_mut().zip([1.0, p, q, p * p, q * q, p * q]) {
                    *sum += weight * term;
                }
            }
        }
        let [p, q, pp, qq, pq] = [1, 2, 3, 4, 5].map(|i| moments[i] / moments[0]);
        let (c1, c2) = (1e-4, 9e-4);
        let expected =
            (2.0 * p * q + c1) * (2.0 * (pq - p * q) + c2) / ((p * p + q * q + c1) * (pp - p * p + qq - q * q + c2));
        let found = f64::from(channel_map(&x, &y, SIZE)[row * SIZE + column]);
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }

    #[test]
    fn pixels_transparent_in_both_are_equal() {
        let clear = vec![-1.0; 4 * SIZE * SIZE];
        assert!(ssim_map(&clear, &clear, SIZE).iter().all(|value| (value - 1.0).abs() < 1e-5));
        let grey = linear_to_srgb(GROUND);
        assert!((grey - 0.5).abs() < 1e-9, "{grey}");
    }
}
