//! The body's four terms at a tile's positions, and their gradient with respect to the seven channels
//! (`core/spec/student.md` and `distill/spec/distiller.md`).

use super::{entry::Place, head::Head};
use rayon::prelude::*;

/// Channels of a picture.
const COLORS: usize = 4;

/// Channels of the exit: grid change x, y; alpha; color change.
const CHANNELS: usize = 7;

/// The body's input and targets for `n` poses: a whole picture, and planes of the block's window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyPictures<'a> {
    /// The edge of the whole picture.
    pub(crate) edge: usize,
    /// The whole picture, with the four channels of a pixel together.
    pub(crate) image: &'a [[f32; COLORS]],
    /// `[n, 4, height, width]`.
    pub(crate) posed: &'a [f32],
    /// `[n, 4, height, width]`.
    pub(crate) warped: &'a [f32],
    /// `[n, 2, height, width]`.
    pub(crate) grid_change: &'a [f32],
}

/// Interleaves `[n, 4, area]`: the four channels of each pixel together.
pub(crate) fn interleave(planes: &[f32], area: usize) -> Vec<[f32; COLORS]> {
    let channel = |pixel: usize, channel: usize| planes[(pixel / area * COLORS + channel) * area + pixel % area];
    let pixels = (0..planes.len() / COLORS).into_par_iter();
    pixels.map(|pixel| std::array::from_fn(|index| channel(pixel, index))).collect()
}

/// A picture sampled between its pixels.
struct Sample {
    value: [f32; COLORS],
    /// The derivatives by x and y, in units of half the picture.
    slope: [[f32; COLORS]; 2],
}

/// Samples as the warp does: bilinear, with the border extended and no slope beyond it.
#[inline(always)]
fn sample(image: &[[f32; COLORS]], edge: usize, x: f32, y: f32) -> Sample {
    let last = (edge - 1) as f32;
    let half = edge as f32 * 0.5;
    let (u, v) = ((x + 1.0) * half - 0.5, (y + 1.0) * half - 0.5);
    let scale = |place: f32| if place > 0.0 && place < last { half } else { 0.0 };
    let (by_u, by_v) = (scale(u), scale(v));
    let (u, v) = (u.clamp(0.0, last), v.clamp(0.0, last));
    let (column, row) = (u as usize, v as usize);
    let (fu, fv) = (u - column as f32, v - row as f32);
    let right = (column + 1).min(edge - 1);
    let (above, below) = (row.min(edge - 1) * edge, (row + 1).min(edge - 1) * edge);
    let [a, b, c, d] = [above + column, above + right, below + column, below + right].map(|at| image[at]);
    let mix = |p: [f32; COLORS], q: [f32; COLORS], t: f32| -> [f32; COLORS] {
        std::array::from_fn(|i| p[i] + t * (q[i] - p[i]))
    };
    let (left, right) = (mix(a, c, fv), mix(b, d, fv));
    let (top, bottom) = (mix(a, b, fu), mix(c, d, fu));
    Sample {
        value: mix(left, right, fu),
        slope: [
            std::array::from_fn(|i| (right[i] - left[i]) * by_u),
            std::array::from_fn(|i| (bottom[i] - top[i]) * by_v),
        ],
    }
}

/// The derivative of |x|; 0 at 0.
pub(super) fn sign(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

/// Sums a band's terms and leaves their gradient in the exit.
#[derive(Clone, Debug)]
pub(super) struct BodyHead<'a> {
    pub(super) pictures: BodyPictures<'a>,
    /// The factor of an absolute difference in each term: the term's weight divided by the number of differences.
    pub(super) factors: [f32; 4],
    /// Sums of the weighted terms: blended, warped, grid change, color change.
    pub(super) terms: [f64; 4],
}

impl Head for BodyHead<'_> {
    fn position(&mut self, example: usize, place: Place, index: usize, exit: &mut [f32]) {
        let values = exit.first_chunk_mut::<CHANNELS>().expect("the body has seven channels");
        let mut terms = [0.0; 4];
        *values = self.pixel(example, place, index, *values, &mut terms);
        for (sum, term) in self.terms.iter_mut().zip(terms) {
            *sum += f64::from(term);
        }
    }
}

impl BodyHead<'_> {
    /// The gradient at one pixel; adds to the terms.
    #[inline(always)]
    fn pixel(
        &self,
        example: usize,
        place: Place,
        index: usize,
        values: [f32; CHANNELS],
        terms: &mut [f32; 4],
    ) -> [f32; CHANNELS] {
        let BodyPictures { edge, image, posed, warped, grid_change } = self.pictures;
        let Place { window, row, column, .. } = place;
        let (area, pixel) = (window.len(), row * window.width + column + index);
        let (row, column) = (window.row + row, window.column + column + index);
        let colors = |planes: &[f32]| -> [f32; COLORS] {
            std::array::from_fn(|i| planes[(example * COLORS + i) * area + pixel])
        };
        let [gx, gy, alpha, color @ ..] = values;
        let own = |index: usize| (2 * index + 1) as f32 / edge as f32 - 1.0;
        let image = &image[example * edge * edge..(example + 1) * edge * edge];
        let found = sample(image, edge, own(column) + gx, own(row) + gy);
        let (posed, warped) = (colors(posed), colors(warped));
        let [f_blended, f_warped, f_grid, f_color] = self.factors;
        let mut gradient = [0.0; CHANNELS];
        for i in 0..COLORS {
            let painted = color[i] - found.value[i];
            let blended = found.value[i] + alpha * painted - posed[i];
            let (moved, colored) = (found.value[i] - warped[i], color[i] - posed[i]);
            terms[0] += blended.abs() * f_blended;
            terms[1] += moved.abs() * f_warped;
            terms[3] += colored.abs() * f_color;
            let by_blended = sign(blended) * f_blended;
            let by_warped = (1.0 - alpha) * by_blended + sign(moved) * f_warped;
            gradient[0] += by_warped * found.slope[0][i];
            gradient[1] += by_warped * found.slope[1][i];
            gradient[2] += by_blended * painted;
            gradient[3 + i] = alpha * by_blended + sign(colored) * f_color;
        }
        for (i, change) in [gx, gy].into_iter().enumerate() {
            let difference = change - grid_change[(example * 2 + i) * area + pixel];
            terms[2] += difference.abs() * f_grid;
            gradient[i] += sign(difference) * f_grid;
        }
        gradient
    }
}
