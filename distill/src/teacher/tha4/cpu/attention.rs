//! Attention between the pixels of a small map.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    gemm::{self, PANEL, Rows, STEP},
    map::{Buffer, exp},
    pool::Engine,
};

/// `v · softmax(kᵀ q / sqrt(channels of a head))` of channels `q | k | v`, each cut into `heads`.
pub(super) fn attend(engine: &Engine, qkv: &Buffer, heads: usize) -> Buffer {
    let width = qkv.channels / 3;
    let depth = width / heads;
    let parts = (0..heads).into_par_iter().map(|head| engine.arch.dispatch(Head { qkv, first: head * depth, depth }));
    let parts = parts.collect::<Vec<_>>();
    let mut out = Buffer::new(engine, width, [qkv.height, qkv.width]);
    for (index, pixel) in out.values.chunks_exact_mut(width).enumerate() {
        for (part, out) in parts.iter().zip(pixel.chunks_exact_mut(depth)) {
            out.copy_from_slice(&part[index * depth..][..depth]);
        }
    }
    out
}

/// One head, whose channels in each block start at `first`.
struct Head<'a> {
    qkv: &'a Buffer,
    first: usize,
    depth: usize,
}

impl Head<'_> {
    /// A block's channels of all pixels, `scale` times, as panels of rows `[panel][pixels][PANEL]`.
    fn by_channel(&self, block: usize) -> Vec<f32> {
        let (pixels, columns) = (self.pixels().next_multiple_of(STEP), self.depth.next_multiple_of(PANEL));
        let mut panels = vec![0.0; pixels * columns];
        for (at, pixel) in self.channels(block).enumerate() {
            for (channel, &value) in pixel.iter().enumerate() {
                panels[(channel / PANEL * pixels + at) * PANEL + channel % PANEL] = value;
            }
        }
        panels
    }

    /// A block's channels of all pixels as panels of columns `[panel][row][PANEL]`, a column a pixel.
    fn by_pixel(&self, block: usize) -> Vec<f32> {
        let (pixels, row) = (self.pixels().next_multiple_of(PANEL), self.row());
        let mut panels = vec![0.0; pixels * row];
        for (at, pixel) in self.channels(block).enumerate() {
            for (channel, &value) in pixel.iter().enumerate() {
                panels[(at / PANEL * row + channel) * PANEL + at % PANEL] = value;
            }
        }
        panels
    }

    /// The queries, scaled, a row a pixel.
    fn queries(&self) -> Vec<f32> {
        let (row, scale) = (self.row(), 1.0 / (self.depth as f32).sqrt());
        let mut rows = vec![0.0; self.pixels() * row];
        for (out, pixel) in rows.chunks_exact_mut(row).zip(self.channels(0)) {
            out.iter_mut().zip(pixel).for_each(|(out, value)| *out = value * scale);
        }
        rows
    }

    fn channels(&self, block: usize) -> impl Iterator<Item = &[f32]> {
        let first = block * self.qkv.channels / 3 + self.first;
        self.qkv.values.chunks_exact(self.qkv.channels).map(move |pixel| &pixel[first..first + self.depth])
    }

    fn pixels(&self) -> usize {
        self.qkv.width * self.qkv.height
    }

    fn row(&self) -> usize {
        self.depth.next_multiple_of(STEP)
    }
}

impl WithSimd for Head<'_> {
    /// `[pixels, depth]`.
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let (pixels, row) = (self.pixels(), self.row());
        let queries = self.queries();
        let rows = Rows { values: &queries, stride: row, length: row, count: pixels };
        let logits = times(simd, rows, &self.by_pixel(1), pixels, pixels.next_multiple_of(STEP));
        let length = pixels.next_multiple_of(STEP);
        let mut shares = logits;
        shares.chunks_exact_mut(length).for_each(|row| softmax(&mut row[..pixels]));
        let rows = Rows { values: &shares, stride: length, length, count: pixels };
        times(simd, rows, &self.by_channel(2), self.depth, self.depth)
    }
}

/// Rows times panels; `columns` of them, in rows `stride` apart.
#[inline(always)]
fn times<S: Simd>(simd: S, rows: Rows<'_>, panels: &[f32], columns: usize, stride: usize) -> Vec<f32> {
    let mut out = vec![0.0; rows.count * stride];
    let mut products = vec![0.0; rows.count * PANEL];
    for (index, panel) in panels.chunks_exact(rows.length * PANEL).enumerate() {
        gemm::product(simd, rows, panel, &mut products);
        let (first, last) = (index * PANEL, columns.min((index + 1) * PANEL));
        for (out, products) in out.chunks_exact_mut(stride).zip(products.chunks_exact(PANEL)) {
            out[first..last].copy_from_slice(&products[..last - first]);
        }
    }
    out
}

#[inline(always)]
fn softmax(row: &mut [f32]) {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for x in row.iter_mut() {
        *x = exp(*x - most);
    }
    let sum = row.iter().sum::<f32>();
    for x in row.iter_mut() {
        *x /= sum;
    }
}
