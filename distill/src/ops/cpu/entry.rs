//! A block's first sine layer: position, pose and the upsampled level below; and its backward pass.

use super::{
    finish::SineFinish,
    net::{Net, TURNS},
    product::Finish as _,
    row::Row,
};
use crate::ops::Window;
use bunraku_engine::aligned::Aligned;
use pulp::Simd;

/// The two of `edge / 2` positions that the upsampled position `index` lies between, and the fraction of the second:
/// half-pixel centres, with the border extended (`core/spec/student.md`).
fn between(index: usize, edge: usize) -> (usize, usize, f32) {
    let half = index / 2;
    match (index % 2, half) {
        (0, 0) => (0, 0, 0.0),
        (0, _) => (half - 1, half, 0.75),
        _ => (half, (half + 1).min(edge / 2 - 1), 0.25),
    }
}

/// The centre of position `index`, out of `edge` that span [-1, 1].
fn centre(index: usize, edge: usize) -> f32 {
    (2 * index + 1) as f32 / edge as f32 - 1.0
}

/// One example of the level below: `[height, width, channels]` on [`Window::below`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Below<'a> {
    pub(super) values: &'a [f32],
    pub(super) channels: usize,
}

/// The level below interpolated for one row of positions, and its gradient. Rows are those of [`Window::below`].
#[derive(Debug)]
pub(super) struct Line<const LD: usize> {
    values: Vec<Row<LD>>,
    gradient: Vec<Row<LD>>,
    /// The two rows of the level below, and the fraction of the second.
    between: (usize, usize, f32),
}

impl<const LD: usize> Line<LD> {
    pub(super) fn new(width: usize) -> Self {
        Self { values: vec![Row::ZERO; width], gradient: vec![Row::ZERO; width], between: (0, 0, 0.0) }
    }

    /// Interpolates for the window's `row`, in turns.
    #[inline(always)]
    pub(super) fn read<S: Simd>(&mut self, simd: S, below: Below<'_>, window: Window, row: usize) {
        let source = window.below();
        let (low, high, fraction) = between(window.row + row, window.edge);
        self.between = (low - source.row, high - source.row, fraction);
        let stride = source.width * below.channels;
        let (low, high) = (&below.values[self.between.0 * stride..], &below.values[self.between.1 * stride..]);
        let both = low.chunks_exact(below.channels).zip(high.chunks_exact(below.channels));
        let (first, second) = (simd.splat_f32s((1.0 - fraction) * TURNS), simd.splat_f32s(fraction * TURNS));
        for (to, (a, b)) in self.values.iter_mut().zip(both) {
            let ((a, a_tail), (b, b_tail)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
            let to = S::as_mut_simd_f32s(&mut to.0).0;
            for ((to, &a), &b) in to.iter_mut().zip(a).zip(b) {
                *to = simd.mul_add_e_f32s(a, first, simd.mul_f32s(b, second));
            }
            if !a_tail.is_empty() {
                let (a_tail, b_tail) = (simd.partial_load_f32s(a_tail), simd.partial_load_f32s(b_tail));
                to[a.len()] = simd.mul_add_e_f32s(a_tail, first, simd.mul_f32s(b_tail, second));
            }
        }
    }

    /// Adds the row's gradient to the gradient of the level below, `[rows, width, whole vectors]` from row `first` on,
    /// and clears it.
    #[inline(always)]
    pub(super) fn give<S: Simd>(&mut self, simd: S, below: &mut [f32], first: usize, vectors: usize) {
        let stride = self.gradient.len() * vectors;
        let below = S::as_mut_simd_f32s(below).0;
        let (low, high, fraction) = self.between;
        for (row, part) in [(low, 1.0 - fraction), (high, fraction)] {
            let part = simd.splat_f32s(part * TURNS);
            let to = below[(row - first) * stride..][..stride].chunks_exact_mut(vectors);
            for (to, from) in to.zip(&self.gradient) {
                for (to, &from) in to.iter_mut().zip(S::as_simd_f32s(&from.0).0) {
                    *to = simd.mul_add_e_f32s(from, part, *to);
                }
            }
        }
        self.gradient.fill(Row::ZERO);
    }
}

/// The place of a tile: `count` positions of a row of the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) window: Window,
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) count: usize,
}

impl Place {
    fn y(&self) -> f32 {
        centre(self.window.row + self.row, self.window.edge)
    }

    fn x(&self, index: usize) -> f32 {
        centre(self.window.column + self.column + index, self.window.edge)
    }

    /// The two columns of [`Window::below`] around a position of the tile, and the fraction of the second.
    fn columns(&self, index: usize) -> (usize, usize, f32) {
        let (low, high, fraction) = between(self.window.column + self.column + index, self.window.edge);
        let first = self.window.below().column;
        (low - first, high - first, fraction)
    }
}

/// The features after the entry's sine, for the tile's positions.
#[inline(always)]
pub(super) fn entry<S: Simd, const LD: usize>(
    simd: S,
    net: &Net,
    bias: &Aligned,
    line: Option<&Line<LD>>,
    place: Place,
    finish: &mut SineFinish<'_, LD>,
) {
    let (wx, wy, bias) = (S::as_simd_f32s(&net.x).0, S::as_simd_f32s(&net.y).0, S::as_simd_f32s(bias).0);
    let y = simd.splat_f32s(place.y());
    for index in 0..place.count {
        let x = simd.splat_f32s(place.x(index));
        let below = line.map(|line| {
            let (low, high, fraction) = place.columns(index);
            (&line.values[low], &line.values[high], fraction)
        });
        for v in 0..net.vectors {
            let mut sum = simd.mul_add_e_f32s(wx[v], x, simd.mul_add_e_f32s(wy[v], y, bias[v]));
            if let Some((low, high, fraction)) = below {
                let (low, high) = (S::as_simd_f32s(&low.0).0[v], S::as_simd_f32s(&high.0).0[v]);
                sum = simd.mul_add_e_f32s(low, simd.splat_f32s(1.0 - fraction), sum);
                sum = simd.mul_add_e_f32s(high, simd.splat_f32s(fraction), sum);
            }
            finish.finish(simd, index, v, [[sum]]);
        }
    }
}

/// Sums of the entry's gradient: for the position's weights and the bias.
pub(super) struct EntrySums<'a> {
    pub(super) x: &'a mut [f32],
    pub(super) y: &'a mut [f32],
    pub(super) bias: &'a mut [f32],
}

/// Splits the gradient of the entry's turns, `rows`, into its sums.
#[inline(always)]
pub(super) fn entry_gradient<S: Simd, const LD: usize>(
    simd: S,
    vectors: usize,
    rows: &[Row<LD>],
    place: Place,
    line: Option<&mut Line<LD>>,
    sums: &mut EntrySums<'_>,
) {
    let y = simd.splat_f32s(place.y());
    let (wx, wy) = (S::as_mut_simd_f32s(sums.x).0, S::as_mut_simd_f32s(sums.y).0);
    let bias = S::as_mut_simd_f32s(sums.bias).0;
    for v in 0..vectors {
        let (mut by_x, mut all) = (simd.splat_f32s(0.0), simd.splat_f32s(0.0));
        for (index, row) in rows.iter().enumerate().take(place.count) {
            let row = S::as_simd_f32s(&row.0).0[v];
            by_x = simd.mul_add_e_f32s(row, simd.splat_f32s(place.x(index)), by_x);
            all = simd.add_f32s(all, row);
        }
        wx[v] = simd.add_f32s(wx[v], by_x);
        wy[v] = simd.mul_add_e_f32s(all, y, wy[v]);
        bias[v] = simd.add_f32s(bias[v], all);
    }
    let Some(line) = line else { return };
    for (index, row) in rows.iter().enumerate().take(place.count) {
        let (low, high, fraction) = place.columns(index);
        for (column, part) in [(low, 1.0 - fraction), (high, fraction)] {
            let part = simd.splat_f32s(part);
            let to = S::as_mut_simd_f32s(&mut line.gradient[column].0).0;
            for (to, &from) in to[..vectors].iter_mut().zip(S::as_simd_f32s(&row.0).0) {
                *to = simd.mul_add_e_f32s(from, part, *to);
            }
        }
    }
}
