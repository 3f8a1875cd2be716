//! Matrix products: rows of numbers times a panel of weights.

use pulp::Simd;

/// The columns of a panel: output channels computed together.
pub(super) const PANEL: usize = 32;

/// The length of a row is a multiple of this.
pub(super) const STEP: usize = 16;

/// Rows of numbers, `stride` apart, each `length` long.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
    pub(super) length: usize,
    pub(super) count: usize,
}

/// Each row times `panel`, `[row length, PANEL]`, into `out`, `[rows, PANEL]`.
#[inline(always)]
pub(super) fn product<S: Simd>(simd: S, rows: Rows<'_>, panel: &[f32], out: &mut [f32]) {
    match S::F32_LANES {
        16 => tiles::<S, 2, 12>(simd, rows, panel, out),
        8 => tiles::<S, 4, 3>(simd, rows, panel, out),
        4 => tiles::<S, 8, 3>(simd, rows, panel, out),
        _ => tiles::<S, PANEL, 1>(simd, rows, panel, out),
    }
}

/// As many rows at once as the registers hold, then the rest.
#[inline(always)]
fn tiles<S: Simd, const VECTORS: usize, const ROWS: usize>(simd: S, rows: Rows<'_>, panel: &[f32], out: &mut [f32]) {
    let (panel, _) = S::as_simd_f32s(panel).0.as_chunks::<VECTORS>();
    let (panel, _) = panel.as_chunks::<STEP>();
    let mut at = 0;
    while at + ROWS <= rows.count {
        tile::<S, VECTORS, ROWS>(simd, rows, at, panel, out);
        at += ROWS;
    }
    while at + 4 <= rows.count {
        tile::<S, VECTORS, 4>(simd, rows, at, panel, out);
        at += 4;
    }
    while at < rows.count {
        tile::<S, VECTORS, 1>(simd, rows, at, panel, out);
        at += 1;
    }
}

/// `ROWS` rows, from `first` on. The sums stay in registers: each weight is loaded once, each number broadcast once.
#[inline(always)]
fn tile<S: Simd, const VECTORS: usize, const ROWS: usize>(
    simd: S,
    rows: Rows<'_>,
    first: usize,
    panel: &[[[S::f32s; VECTORS]; STEP]],
    out: &mut [f32],
) {
    let mut numbers: [&[[f32; STEP]]; ROWS] = [&[]; ROWS];
    for (r, numbers) in numbers.iter_mut().enumerate() {
        *numbers = rows.values[(first + r) * rows.stride..][..rows.length].as_chunks::<STEP>().0;
    }
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for (step, weights) in panel.iter().enumerate() {
        let mut now = [&numbers[0][step]; ROWS];
        for (now, numbers) in now.iter_mut().zip(numbers) {
            *now = &numbers[step];
        }
        for (k, weights) in weights.iter().enumerate() {
            for (sums, numbers) in sums.iter_mut().zip(now) {
                let number = simd.splat_f32s(numbers[k]);
                for (sum, &weight) in sums.iter_mut().zip(weights) {
                    *sum = simd.mul_add_e_f32s(number, weight, *sum);
                }
            }
        }
    }
    let (out, _) = S::as_mut_simd_f32s(&mut out[first * PANEL..][..ROWS * PANEL]);
    for (out, sums) in out.as_chunks_mut::<VECTORS>().0.iter_mut().zip(sums) {
        *out = sums;
    }
}
