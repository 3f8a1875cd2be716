//! Writes a matrix product's sums: through a sine, unchanged, or multiplied by a sine's slope on the way back.

use super::{product::Finish, row::Row};
use bunraku_engine::{
    aligned::Aligned,
    sine::{sines, sines_and_slopes},
};
use pulp::Simd;

/// Writes the sine of the sums.
pub(super) struct SineFinish<'a, const LD: usize> {
    /// Added before the sine.
    pub(super) bias: Option<&'a Aligned>,
    pub(super) features: &'a mut [Row<LD>],
    /// Where to write the slopes, if they are wanted.
    pub(super) slopes: Option<&'a mut [Row<LD>]>,
}

impl<S: Simd, const LD: usize> Finish<S> for SineFinish<'_, LD> {
    #[inline(always)]
    fn finish<const R: usize, const V: usize>(&mut self, simd: S, row: usize, vector: usize, sums: [[S::f32s; V]; R]) {
        let mut bias = [simd.splat_f32s(0.0); V];
        if let Some(values) = self.bias {
            bias.copy_from_slice(&S::as_simd_f32s(values).0[vector..vector + V]);
        }
        for (index, sums) in sums.into_iter().enumerate() {
            let features = &mut S::as_mut_simd_f32s(&mut self.features[row + index].0).0[vector..vector + V];
            if let Some(slopes) = &mut self.slopes {
                let slopes = &mut S::as_mut_simd_f32s(&mut slopes[row + index].0).0[vector..vector + V];
                for v in 0..V {
                    (features[v], slopes[v]) = sines_and_slopes(simd, simd.add_f32s(sums[v], bias[v]));
                }
            } else {
                for v in 0..V {
                    features[v] = sines(simd, simd.add_f32s(sums[v], bias[v]));
                }
            }
        }
    }
}

/// Writes the sums unchanged.
pub(super) struct PlainFinish<'a, const LD: usize> {
    pub(super) bias: &'a Aligned,
    pub(super) to: &'a mut [Row<LD>],
}

impl<S: Simd, const LD: usize> Finish<S> for PlainFinish<'_, LD> {
    #[inline(always)]
    fn finish<const R: usize, const V: usize>(&mut self, simd: S, row: usize, vector: usize, sums: [[S::f32s; V]; R]) {
        let bias = &S::as_simd_f32s(self.bias).0[vector..vector + V];
        for (to, sums) in self.to[row..row + R].iter_mut().zip(sums) {
            let to = &mut S::as_mut_simd_f32s(&mut to.0).0[vector..vector + V];
            for v in 0..V {
                to[v] = simd.add_f32s(sums[v], bias[v]);
            }
        }
    }
}

/// Writes the sums multiplied by the sine's slope.
pub(super) struct SlopeFinish<'a, const LD: usize> {
    pub(super) slopes: &'a [Row<LD>],
    pub(super) to: &'a mut [Row<LD>],
}

impl<S: Simd, const LD: usize> Finish<S> for SlopeFinish<'_, LD> {
    #[inline(always)]
    fn finish<const R: usize, const V: usize>(&mut self, simd: S, row: usize, vector: usize, sums: [[S::f32s; V]; R]) {
        for ((to, slopes), sums) in self.to[row..row + R].iter_mut().zip(&self.slopes[row..row + R]).zip(sums) {
            let to = &mut S::as_mut_simd_f32s(&mut to.0).0[vector..vector + V];
            let slopes = &S::as_simd_f32s(&slopes.0).0[vector..vector + V];
            for v in 0..V {
                to[v] = simd.mul_f32s(sums[v], slopes[v]);
            }
        }
    }
}
