//! The matrix products of a tile. Positions are rows, channels are columns and vectors run along the channels, so the
//! forward pass, the gradient of the features and the gradient of the weights all read the same memory, untransposed.

use super::row::Row;
use bunraku_engine::aligned::Aligned;
use pulp::Simd;

/// Vectors in a panel of columns; with the rows of a block they fill the registers.
const VECTORS: usize = 3;

/// Rows of a block on machines with 32 vector registers, and with fewer. Tiles are a multiple of the former.
pub(super) const ROWS: usize = 8;
const FEW_ROWS: usize = 4;

/// The right-hand side of a product, `[depth, columns]`, panel after panel.
#[derive(Clone, Debug)]
pub(super) struct Panels {
    depth: usize,
    lanes: usize,
    /// Vectors along the columns.
    pub(super) vectors: usize,
    values: Aligned,
}

impl Panels {
    /// `value(k, column)` gives each element; padding columns are zero.
    pub(super) fn new(lanes: usize, depth: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let vectors = columns.div_ceil(lanes);
        let mut values = Aligned::new(depth * vectors * lanes);
        let mut to = values.iter_mut();
        for (first, count) in panels(vectors) {
            for k in 0..depth {
                for column in first * lanes..(first + count) * lanes {
                    let Some(to) = to.next() else { break };
                    *to = if column < columns { value(k, column) } else { 0.0 };
                }
            }
        }
        Self { depth, lanes, vectors, values }
    }

    fn panel(&self, first: usize, count: usize) -> &[f32] {
        &self.values[first * self.lanes * self.depth..(first + count) * self.lanes * self.depth]
    }
}

/// The first vector and the number of vectors of each panel.
fn panels(vectors: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..vectors).step_by(VECTORS).map(move |first| (first, (vectors - first).min(VECTORS)))
}

/// Takes the sums of a block.
pub(super) trait Finish<S: Simd> {
    /// Takes the block that starts at this row and vector.
    fn finish<const R: usize, const V: usize>(&mut self, simd: S, row: usize, vector: usize, sums: [[S::f32s; V]; R]);
}

/// `rows · panels`, `rows` being a multiple of [`ROWS`].
#[inline(always)]
pub(super) fn product<S: Simd, const LD: usize>(
    simd: S,
    rows: &[Row<LD>],
    panels_of: &Panels,
    finish: &mut impl Finish<S>,
) {
    for (first, count) in panels(panels_of.vectors) {
        let panel = panels_of.panel(first, count);
        match count {
            VECTORS => down::<S, VECTORS, LD>(simd, rows, panel, first, finish),
            2 => down::<S, 2, LD>(simd, rows, panel, first, finish),
            _ => down::<S, 1, LD>(simd, rows, panel, first, finish),
        }
    }
}

/// All blocks of rows beside one panel.
#[inline(always)]
fn down<S: Simd, const V: usize, const LD: usize>(
    simd: S,
    rows: &[Row<LD>],
    panel: &[f32],
    vector: usize,
    finish: &mut impl Finish<S>,
) {
    let (panel, _) = S::as_simd_f32s(panel).0.as_chunks::<V>();
    if S::REGISTER_COUNT >= 32 {
        for (index, block) in rows.as_chunks::<ROWS>().0.iter().enumerate() {
            finish.finish(simd, index * ROWS, vector, block_product(simd, block, panel));
        }
    } else {
        for (index, block) in rows.as_chunks::<FEW_ROWS>().0.iter().enumerate() {
            finish.finish(simd, index * FEW_ROWS, vector, block_product(simd, block, panel));
        }
    }
}

#[inline(always)]
fn block_product<S: Simd, const R: usize, const V: usize, const LD: usize>(
    simd: S,
    rows: &[Row<LD>; R],
    panel: &[[S::f32s; V]],
) -> [[S::f32s; V]; R] {
    let mut sums = [[simd.splat_f32s(0.0); V]; R];
    // Never more rows than this; it lets the compiler see that all indices are in bounds.
    let panel = &panel[..panel.len().min(LD)];
    for (k, panel) in panel.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            let factor = simd.splat_f32s(row.0[k]);
            for (sum, &column) in sums.iter_mut().zip(panel) {
                *sum = simd.mul_add_e_f32s(factor, column, *sum);
            }
        }
    }
    sums
}

/// Adds `leftᵀ · right` to `sums`, `[outputs rounded up to ROWS, vectors]` where left has `outputs` columns and right
/// as many vectors of columns as `vectors`.
#[inline(always)]
pub(super) fn add_outer<S: Simd, const LD: usize>(
    simd: S,
    left: &[Row<LD>],
    right: &[Row<LD>],
    outputs: usize,
    vectors: usize,
    sums: &mut [f32],
) {
    for (first, count) in panels(vectors) {
        match count {
            VECTORS => along::<S, VECTORS, LD>(simd, left, right, outputs, first, vectors, sums),
            2 => along::<S, 2, LD>(simd, left, right, outputs, first, vectors, sums),
            _ => along::<S, 1, LD>(simd, left, right, outputs, first, vectors, sums),
        }
    }
}

#[inline(always)]
fn along<S: Simd, const V: usize, const LD: usize>(
    simd: S,
    left: &[Row<LD>],
    right: &[Row<LD>],
    outputs: usize,
    vector: usize,
    vectors: usize,
    sums: &mut [f32],
) {
    for first in (0..outputs).step_by(ROWS) {
        if S::REGISTER_COUNT >= 32 {
            block_outer::<S, ROWS, V, LD>(simd, left, right, first, vector, vectors, sums);
        } else {
            block_outer::<S, FEW_ROWS, V, LD>(simd, left, right, first, vector, vectors, sums);
            block_outer::<S, FEW_ROWS, V, LD>(simd, left, right, first + FEW_ROWS, vector, vectors, sums);
        }
    }
}

#[inline(always)]
fn block_outer<S: Simd, const R: usize, const V: usize, const LD: usize>(
    simd: S,
    left: &[Row<LD>],
    right: &[Row<LD>],
    first: usize,
    vector: usize,
    vectors: usize,
    sums: &mut [f32],
) {
    let mut block = [[simd.splat_f32s(0.0); V]; R];
    let (first, vector) = (first.min(LD - R), vector.min(LD / S::F32_LANES - V));
    for (left, right) in left.iter().zip(right) {
        let columns = &S::as_simd_f32s(&right.0).0[vector..vector + V];
        for (sums, &factor) in block.iter_mut().zip(&left.0[first..first + R]) {
            let factor = simd.splat_f32s(factor);
            for (sum, &column) in sums.iter_mut().zip(columns) {
                *sum = simd.mul_add_e_f32s(factor, column, *sum);
            }
        }
    }
    let (to, _) = S::as_mut_simd_f32s(sums);
    for (to, block) in to[first * vectors..].chunks_exact_mut(vectors).zip(block) {
        for (to, sum) in to[vector..vector + V].iter_mut().zip(block) {
            *to = simd.add_f32s(*to, sum);
        }
    }
}
