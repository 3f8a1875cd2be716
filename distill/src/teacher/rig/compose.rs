//! Composites the layers row by row into a posed picture, and the single motion that comes closest to it.

use super::{
    layer::Follows,
    motion::{Motion, Places, Row},
    raster::{Bounds, Pixels},
};
use bunraku_core::character::IMAGE_SIZE;
use std::ops::Range;

/// A layer ready to be composited.
pub(super) struct PosedLayer<'a> {
    pixels: &'a Pixels,
    follows: Follows,
    depth: f32,
    /// Where it can be visible.
    seen: Bounds,
}

impl<'a> PosedLayer<'a> {
    /// A layer moved by `motion`.
    pub(super) fn new(pixels: &'a Pixels, follows: Follows, depth: f32, motion: &Motion) -> Self {
        Self { pixels, follows, depth, seen: motion.seen(pixels.bounds, follows, depth) }
    }

    /// The part of `columns` where it can be visible in row `y`, counted from the first.
    fn columns(&self, y: usize, columns: &Range<usize>) -> Range<usize> {
        let Bounds { x0, y0, x1, y1 } = self.seen;
        if (y as f32) < y0 || y as f32 >= y1 {
            return 0..0;
        }
        let within = |x: f32| (x as usize).clamp(columns.start, columns.end) - columns.start;
        within(x0)..within(x1)
    }
}

/// Below this transmittance, layers behind are skipped.
const OPAQUE: f32 = 1.0 / 1024.0;

/// A row of a picture while it is composited.
pub(super) struct Scanline {
    places: Places,
    /// Where a layer is sampled.
    source: [Row; 2],
    /// The transmittance left for the layers behind.
    left: Row,
    /// Linear light, premultiplied, in [0, 1].
    pub color: [[f32; 4]; IMAGE_SIZE],
    /// The motion relative to itself, in picture units: that of the layers, weighted by their visibility.
    pub shift: [Row; 2],
}

impl Scanline {
    /// An empty row.
    pub(super) fn new() -> Self {
        const ROW: Row = [0.0; IMAGE_SIZE];
        let color = [[0.0; 4]; IMAGE_SIZE];
        Self { places: Places::default(), source: [ROW; 2], left: ROW, color, shift: [ROW; 2] }
    }

    /// Composites the layers, given front to back, over `columns` of the row `y`; the first column is entry 0.
    pub(super) fn compose(&mut self, layers: &[PosedLayer<'_>], motion: &Motion, y: usize, columns: &Range<usize>) {
        let all = 0..columns.len();
        self.color[all.clone()].fill([0.0; 4]);
        self.left[all.clone()].fill(1.0);
        self.shift.iter_mut().for_each(|shift| shift[all.clone()].fill(0.0));
        motion.places(columns, y, &mut self.places);
        for layer in layers {
            let part = layer.columns(y, columns);
            if !part.is_empty() {
                motion.sources(&self.places, layer.follows, layer.depth, part.clone(), &mut self.source);
                self.put(layer.pixels, part, columns.start, y);
            }
        }
        // Empty places move like the neck's depth, so that the motion has no edge at the outline.
        motion.sources(&self.places, Follows::Neck, 0.0, all.clone(), &mut self.source);
        for at in all {
            let left = self.left[at];
            if left >= OPAQUE {
                self.shift[0][at] += left * (self.source[0][at] - (columns.start + at) as f32 - 0.5);
                self.shift[1][at] += left * (self.source[1][at] - y as f32 - 0.5);
            }
        }
    }

    /// Composites one layer behind the ones before.
    fn put(&mut self, pixels: &Pixels, part: Range<usize>, first: usize, y: usize) {
        for at in part {
            let left = self.left[at];
            if left < OPAQUE {
                continue;
            }
            let (u, v) = (self.source[0][at], self.source[1][at]);
            let color = pixels.sample(u, v);
            if color[3] == 0.0 {
                continue;
            }
            for (sum, value) in self.color[at].iter_mut().zip(color) {
                *sum += left * value;
            }
            self.shift[0][at] += left * color[3] * (u - (first + at) as f32 - 0.5);
            self.shift[1][at] += left * color[3] * (v - y as f32 - 0.5);
            self.left[at] = left * (1.0 - color[3]);
        }
    }
}

/// Samples a picture of `IMAGE_SIZE` bilinearly with its border extended, as the student's warp does
/// (`core/spec/student.md`); positions are in picture units, pixel centres at halves.
pub(super) fn warp(picture: &[[f32; 4]], x: f32, y: f32) -> [f32; 4] {
    let last = (IMAGE_SIZE - 1) as f32;
    let (u, v) = ((x - 0.5).clamp(0.0, last), (y - 0.5).clamp(0.0, last));
    let (column, row) = (u as usize, v as usize);
    let (s, t) = (u - column as f32, v - row as f32);
    let (right, below) = ((column + 1).min(IMAGE_SIZE - 1), (row + 1).min(IMAGE_SIZE - 1));
    let at = |row: usize, column: usize| picture[row * IMAGE_SIZE + column];
    let (a, b, c, d) = (at(row, column), at(row, right), at(below, column), at(below, right));
    std::array::from_fn(|i| {
        let (top, bottom) = (a[i] + (b[i] - a[i]) * s, c[i] + (d[i] - c[i]) * s);
        top + (bottom - top) * t
    })
}
