//! Winograd's minimal filtering, F(2 x 2, 3 x 3) and F(4 x 4, 3 x 3): 2.25 and 4 times fewer multiplications than a
//! 3 x 3 convolution (Lavin and Gray, 2016). The transforms follow from the points at which the polynomials are
//! evaluated: 0, 1, -1 and infinity for the first; 0, ±sqrt(1/2), ±sqrt(2) and infinity for the second, whose rounding
//! errors are smaller than those of the usual 0, ±1, ±2.

use pulp::Simd;

use super::gemm::PANEL;

const ROOT: f32 = std::f32::consts::SQRT_2;
const HALF_ROOT: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// The output edge, `N - 2`, of a tile with the input edge `N`: 4 or 6.
pub(super) const fn written(n: usize) -> usize {
    n - 2
}

/// For each of the `n` points, the factors of a row of three taps.
fn filter_matrix(n: usize) -> [[f64; 3]; 6] {
    let (half, two) = (std::f64::consts::FRAC_1_SQRT_2, std::f64::consts::SQRT_2);
    let points: &[f64] = if n == 4 { &[0.0, 1.0, -1.0] } else { &[0.0, half, -half, two, -two] };
    let mut matrix = [[0.0; 3]; 6];
    for (row, &p) in matrix.iter_mut().zip(points) {
        let others = points.iter().filter(|&&q| q != p).map(|q| p - q).product::<f64>();
        *row = [1.0 / others, p / others, p * p / others];
    }
    matrix[n - 1] = [0.0, 0.0, 1.0];
    matrix
}

/// 3 x 3 filters at `n x n` points.
pub(super) struct Filters {
    n: usize,
    matrix: [[f64; 3]; 6],
}

impl Filters {
    pub(super) fn new(n: usize) -> Self {
        Self { n, matrix: filter_matrix(n) }
    }

    /// One filter's value at every point.
    pub(super) fn points(&self, g: &[f32; 9]) -> impl Iterator<Item = f32> {
        let mut columns = [[0.0; 6]; 3];
        for (j, column) in columns.iter_mut().enumerate() {
            for (at, [a, b, c]) in column.iter_mut().zip(self.matrix) {
                *at = a * f64::from(g[j]) + b * f64::from(g[3 + j]) + c * f64::from(g[6 + j]);
            }
        }
        let n = self.n;
        (0..n * n).map(move |at| {
            let ([a, b, c], i) = (self.matrix[at % n], at / n);
            (a * columns[0][i] + b * columns[1][i] + c * columns[2][i]) as f32
        })
    }
}

/// `a · b + c`.
#[inline(always)]
fn times<S: Simd>(simd: S, a: f32, b: S::f32s, c: S::f32s) -> S::f32s {
    simd.mul_add_e_f32s(simd.splat_f32s(a), b, c)
}

/// `N` numbers in a row at the points.
#[inline(always)]
fn read<S: Simd, const N: usize>(simd: S, d: [S::f32s; N]) -> [S::f32s; N] {
    let mut out = d;
    if N == 4 {
        out[0] = simd.sub_f32s(d[2], d[0]);
        out[1] = simd.add_f32s(d[2], d[1]);
        out[2] = simd.sub_f32s(d[2], d[1]);
        out[3] = simd.sub_f32s(d[3], d[1]);
    } else {
        out[0] = times(simd, -2.5, d[2], simd.add_f32s(d[0], d[4]));
        let even = times(simd, -2.0, d[2], d[4]);
        let odd = times(simd, HALF_ROOT, d[3], simd.mul_f32s(simd.splat_f32s(-ROOT), d[1]));
        out[1] = simd.add_f32s(even, odd);
        out[2] = simd.sub_f32s(even, odd);
        let even = times(simd, -0.5, d[2], d[4]);
        let odd = times(simd, ROOT, d[3], simd.mul_f32s(simd.splat_f32s(-HALF_ROOT), d[1]));
        out[3] = simd.add_f32s(even, odd);
        out[4] = simd.sub_f32s(even, odd);
        out[5] = times(simd, -2.5, d[3], simd.add_f32s(d[1], d[5]));
    }
    out
}

/// From the products at `N` points to the `N - 2` sums, which are the first of those returned.
#[inline(always)]
fn write<S: Simd, const N: usize>(simd: S, m: [S::f32s; N]) -> [S::f32s; 4] {
    let (even, odd) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    if N == 4 {
        let first = simd.add_f32s(m[0], even);
        [first, simd.add_f32s(odd, m[3]), first, first]
    } else {
        let (far_even, far_odd) = (simd.add_f32s(m[3], m[4]), simd.sub_f32s(m[3], m[4]));
        let half = simd.splat_f32s(0.5);
        [
            simd.add_f32s(m[0], simd.add_f32s(even, far_even)),
            times(simd, ROOT, far_odd, simd.mul_f32s(simd.splat_f32s(HALF_ROOT), odd)),
            times(simd, 2.0, far_even, simd.mul_f32s(half, even)),
            simd.add_f32s(m[5], times(simd, 2.0 * ROOT, far_odd, simd.mul_f32s(simd.splat_f32s(0.5 * HALF_ROOT), odd))),
        ]
    }
}

/// Transforms the tile at `column` of a strip `[N rows, width, channels]` to its points: `[N * N, channels]`.
#[inline(always)]
pub(super) fn read_tile<S: Simd, const N: usize>(
    simd: S,
    strip: &[f32],
    width: usize,
    channels: usize,
    column: usize,
    out: &mut [f32],
) {
    let vectors = channels / S::F32_LANES;
    let (strip, _) = S::as_simd_f32s(strip);
    let (out, _) = S::as_mut_simd_f32s(out);
    let out = &mut out[..N * N * vectors];
    let mut lines = [strip; N];
    for (i, line) in lines.iter_mut().enumerate() {
        *line = &strip[(i * width + column) * vectors..][..N * vectors];
    }
    for vector in 0..vectors {
        let mut rows = [[simd.splat_f32s(0.0); N]; N];
        for (row, line) in rows.iter_mut().zip(lines) {
            let mut numbers = *row;
            for (j, number) in numbers.iter_mut().enumerate() {
                *number = line[j * vectors + vector];
            }
            *row = read::<S, N>(simd, numbers);
        }
        for j in 0..N {
            let mut column = rows[0];
            for (number, row) in column.iter_mut().zip(&rows) {
                *number = row[j];
            }
            for (i, value) in read::<S, N>(simd, column).into_iter().enumerate() {
                out[(i * N + j) * vectors + vector] = value;
            }
        }
    }
}

/// The `N - 2` x `N - 2` sums of one panel of channels of a tile, from its `N * N` products `step` apart, the first at
/// the beginning of `products`.
#[inline(always)]
pub(super) fn write_tile<S: Simd, const N: usize>(
    simd: S,
    products: &[f32],
    step: usize,
    out: &mut [[[f32; PANEL]; 4]; 4],
) {
    let (products, _) = S::as_simd_f32s(products);
    let (vectors, step) = (PANEL / S::F32_LANES, step / S::F32_LANES);
    for vector in 0..vectors {
        let mut rows = [[simd.splat_f32s(0.0); 4]; N];
        for (i, row) in rows.iter_mut().enumerate() {
            let mut numbers = [simd.splat_f32s(0.0); N];
            for (j, number) in numbers.iter_mut().enumerate() {
                *number = products[(i * N + j) * step + vector];
            }
            *row = write::<S, N>(simd, numbers);
        }
        for j in 0..N - 2 {
            let mut column = [simd.splat_f32s(0.0); N];
            for (number, row) in column.iter_mut().zip(&rows) {
                *number = row[j];
            }
            for (out, value) in out.iter_mut().zip(write::<S, N>(simd, column)).take(N - 2) {
                S::as_mut_simd_f32s(&mut out[j]).0[vector] = value;
            }
        }
    }
}
