//! The other operations on maps: cropping, warping and blending pictures.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    attention,
    map::{Activation, Buffer, Map, Resample, exp},
};
use crate::teacher::tha4::layers::FeatureMap;

impl Map {
    /// The values channel by channel, `[channels, height, width]`.
    pub(in crate::teacher::tha4) fn planes(&self) -> Vec<f32> {
        let source = self.plain();
        let mut planes = vec![0.0; source.values.len()];
        planes.par_chunks_mut(source.width * source.height).enumerate().for_each(|(channel, plane)| {
            let pixels = source.values.chunks_exact(source.channels);
            plane.iter_mut().zip(pixels).for_each(|(out, pixel)| *out = pixel[channel]);
        });
        planes
    }

    /// Makes a map of `channels` and `extent`, row by row.
    fn rows(&self, channels: usize, extent: [usize; 2], fill: impl Fn(usize, &mut [f32]) + Sync) -> Self {
        let mut out = Buffer::new(&self.engine, channels, extent);
        out.values.par_chunks_mut(channels * extent[1]).enumerate().for_each(|(y, row)| fill(y, row));
        Self::new(&self.engine, out)
    }

    /// Applies a function to every number.
    fn each(&self, f: impl Fn(f32) -> f32 + Sync) -> Self {
        let source = self.plain();
        self.rows(source.channels, self.extent(), |y, out| {
            out.iter_mut().zip(source.row(y)).for_each(|(out, &x)| *out = f(x));
        })
    }

    fn activated(&self, activation: Activation) -> Self {
        let free = self.activation == Activation::No && self.resample == Resample::No;
        let map = if free { self.clone() } else { self.settled() };
        Self { activation, ..map }
    }

    fn resampled(&self, resample: Resample) -> Self {
        let map = if self.resample == Resample::No { self.clone() } else { self.settled() };
        Self { resample, ..map }
    }

    /// Four times the channels at half the size: of each 2 x 2 pixels the upper left, upper right, lower left, lower
    /// right.
    pub(super) fn space_to_depth(&self) -> Self {
        let (source, [height, width]) = (self.plain(), self.extent());
        let pair = 2 * source.channels;
        self.rows(2 * pair, [height / 2, width / 2], |y, out| {
            for (line, at) in [(2 * y, 0), (2 * y + 1, pair)] {
                for (out, pixels) in out.chunks_exact_mut(2 * pair).zip(source.row(line).chunks_exact(pair)) {
                    out[at..at + pair].copy_from_slice(pixels);
                }
            }
        })
    }

    /// The inverse of [`space_to_depth`](Self::space_to_depth).
    pub(super) fn depth_to_space(&self) -> Self {
        let (source, [height, width]) = (self.plain(), self.extent());
        let pair = source.channels / 2;
        self.rows(source.channels / 4, [2 * height, 2 * width], |y, out| {
            let at = y % 2 * pair;
            for (out, pixel) in out.chunks_exact_mut(pair).zip(source.row(y / 2).chunks_exact(2 * pair)) {
                out.copy_from_slice(&pixel[at..at + pair]);
            }
        })
    }
}

impl Buffer {
    /// The pixels of a row.
    pub(super) fn row(&self, y: usize) -> &[f32] {
        &self.values[y * self.width * self.channels..][..self.width * self.channels]
    }

    fn pixel(&self, y: usize, x: usize) -> &[f32] {
        &self.values[(y * self.width + x) * self.channels..][..self.channels]
    }

    /// A bilinear sample, with pixel centres at whole numbers and the border extended.
    fn sample(&self, y: f32, x: f32, out: &mut [f32]) {
        let between = |at: f32, size: usize| {
            let at = at.clamp(0.0, (size - 1) as f32);
            let first = at as usize;
            (first, (first + 1).min(size - 1), at - first as f32)
        };
        let ((top, bottom, down), (left, right, across)) = (between(y, self.height), between(x, self.width));
        let corners =
            [self.pixel(top, left), self.pixel(top, right), self.pixel(bottom, left), self.pixel(bottom, right)];
        for (channel, out) in out.iter_mut().enumerate() {
            let [a, b, c, d] = corners.map(|pixel| pixel[channel]);
            *out = (a * (1.0 - across) + b * across) * (1.0 - down) + (c * (1.0 - across) + d * across) * down;
        }
    }
}

/// The centre of a pixel in [-1, 1].
fn centre(at: usize, size: usize) -> f32 {
    (2 * at + 1) as f32 / size as f32 - 1.0
}

/// The pixel whose centre is at a place in [-1, 1].
fn pixel_at(place: f32, size: usize) -> f32 {
    ((place + 1.0) * size as f32 - 1.0) * 0.5
}

impl FeatureMap for Map {
    fn size(&self) -> [usize; 2] {
        self.extent()
    }

    fn relu(&self) -> Self {
        self.activated(Activation::Relu)
    }

    fn silu(&self) -> Self {
        self.activated(Activation::Silu)
    }

    fn sigmoid(&self) -> Self {
        self.each(|x| 1.0 / (1.0 + exp(-x)))
    }

    fn tanh(&self) -> Self {
        self.each(f32::tanh)
    }

    fn to_unit(&self) -> Self {
        self.each(|x| (x + 1.0) * 0.5)
    }

    fn add(&self, other: &Self) -> Self {
        let (channels, extent) = (self.channel_count(), self.extent());
        self.rows(channels, extent, |y, out| self.engine.arch.dispatch(AddRow { a: self, b: other, y, out }))
    }

    fn concat(&self, other: &Self) -> Self {
        let (mut map, other) = (self.settled(), other.settled());
        map.sources.extend(other.sources);
        map
    }

    fn channels(&self, range: Range<usize>) -> Self {
        let source = self.plain();
        self.rows(range.len(), self.extent(), |y, out| {
            let pixels = source.row(y).chunks_exact(source.channels);
            out.chunks_exact_mut(range.len()).zip(pixels).for_each(|(out, x)| out.copy_from_slice(&x[range.clone()]));
        })
    }

    fn crop(&self, rows: Range<usize>, columns: Range<usize>) -> Self {
        let source = self.plain();
        let c = source.channels;
        self.rows(c, [rows.len(), columns.len()], |y, out| {
            out.copy_from_slice(&source.row(rows.start + y)[columns.start * c..columns.end * c]);
        })
    }

    fn paste(&self, patch: &Self, row: usize, column: usize) -> Self {
        let (source, patch) = (self.plain(), patch.plain());
        let c = source.channels;
        self.rows(c, self.extent(), |y, out| {
            out.copy_from_slice(source.row(y));
            if (row..row + patch.height).contains(&y) {
                out[column * c..][..patch.width * c].copy_from_slice(patch.row(y - row));
            }
        })
    }

    fn halve(&self) -> Self {
        self.resampled(Resample::Half)
    }

    fn repeat_pixels(&self) -> Self {
        self.resampled(Resample::Double)
    }

    fn enlarge(&self) -> Self {
        let source = self.plain();
        let half = |at: usize| (at as f32 + 0.5) * 0.5 - 0.5;
        self.rows(source.channels, self.extent().map(|edge| 2 * edge), |y, out| {
            let pixels = out.chunks_exact_mut(source.channels).enumerate();
            pixels.for_each(|(x, out)| source.sample(half(y), half(x), out));
        })
    }

    fn warp(&self, grid_change: &Self) -> Self {
        let (source, change, [height, width]) = (self.plain(), grid_change.plain(), self.extent());
        self.rows(source.channels, [height, width], |y, out| {
            let pixels = out.chunks_exact_mut(source.channels).zip(change.row(y).as_chunks::<2>().0).enumerate();
            for (x, (out, &[dx, dy])) in pixels {
                let (x, y) = (centre(x, width) + dx, centre(y, height) + dy);
                source.sample(pixel_at(y, height), pixel_at(x, width), out);
            }
        })
    }

    fn blend(&self, colour: &Self, image: &Self) -> Self {
        let (alpha, colour, image) = (self.plain(), colour.plain(), image.plain());
        let c = colour.channels;
        self.rows(c, self.extent(), |y, out| {
            let pixels = colour.row(y).chunks_exact(c).zip(image.row(y).chunks_exact(c));
            for ((out, (colour, image)), &alpha) in out.chunks_exact_mut(c).zip(pixels).zip(alpha.row(y)) {
                for ((out, colour), image) in out.iter_mut().zip(colour).zip(image) {
                    *out = colour * alpha + image * (1.0 - alpha);
                }
            }
        })
    }

    fn attend(&self, heads: usize) -> Self {
        Self::new(&self.engine, attention::attend(&self.engine, &self.plain(), heads))
    }

    /// There is only one picture at a time.
    fn expand(&self, n: usize) -> Self {
        debug_assert_eq!(n, 1);
        self.clone()
    }

    #[cfg(test)]
    fn values(&self) -> Vec<f32> {
        self.planes()
    }
}

/// A row of the sum of two maps.
struct AddRow<'a> {
    a: &'a Map,
    b: &'a Map,
    y: usize,
    out: &'a mut [f32],
}

impl WithSimd for AddRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { a, b, y, out } = self;
        let mut other = a.engine.pool.lend(out.len());
        a.read(y.cast_signed(), 0, out, a.channel_count());
        b.read(y.cast_signed(), 0, &mut other, a.channel_count());
        out.iter_mut().zip(&*other).for_each(|(out, other)| *out += other);
    }
}
