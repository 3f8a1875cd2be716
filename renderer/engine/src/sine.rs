//! The sine of the students' layers: the same on the CPU, in the shaders and in training.
//!
//! WGSL's own `sin` may be off by 2^-11 and more, so it is computed from additions and products. Arguments are in
//! *turns* (a plan folds ω / 2π into its weights), which makes the range reduction exact: `r = t - round(t)` lies in
//! [-1/2, 1/2] without rounding. There `sin(2πr) = r (1 - 4r²) Q(r²)`: the first two factors are the zeros, and `Q` is
//! a polynomial fitted to the least maximal error (1.1e-7 over a turn by an iteratively re-weighted fit; 2.8e-7 with
//! float32 rounding).
#![expect(
    clippy::inline_always,
    reason = "a function that is not inlined into `with_simd` is compiled without the vector instructions"
)]

use pulp::Simd;
use std::f32::consts::TAU;

/// Coefficients of `Q`, constant term first. `sine.wgsl` has the same.
pub const SINE: [f32; 5] = [6.283_182_6, -16.208_67, 16.760_975, -9.530_799, 3.058_325_3];

/// Coefficients of `R` in `2π cos(2πr) = (1 - 16 r²) R(r²)` for |r| up to 1/2, constant term first: the first factor is
/// the zeros, `R` was fitted to the least maximal error (7e-8; 2.3e-6 with float32 rounding, of 6.28).
const SLOPE: [f32; 6] = [TAU, -23.494_116, 32.118_717, -23.001_118, 10.040_19, -2.568_282_7];

/// `sin(2π turns)`, to 3e-7 for `|turns|` below 2^22; beyond, the turns' own spacing is coarser than the curve.
///
/// The definition that the vector code and the shaders follow.
pub fn sine(turns: f32) -> f32 {
    let r = turns - turns.round_ties_even();
    let z = r * r;
    let q = SINE.iter().rev().fold(0.0_f32, |sum, &c| sum.mul_add(z, c));
    r * z.mul_add(-4.0, 1.0) * q
}

/// [`sine`] of a vector of turns.
#[inline(always)]
pub fn sines<S: Simd>(simd: S, turns: S::f32s) -> S::f32s {
    let r = remainder(simd, turns);
    curve(simd, r, simd.mul_f32s(r, r))
}

/// [`sine`] of a vector of turns, and its derivative by the turns.
#[inline(always)]
pub fn sines_and_slopes<S: Simd>(simd: S, turns: S::f32s) -> (S::f32s, S::f32s) {
    let r = remainder(simd, turns);
    let z = simd.mul_f32s(r, r);
    let zeros = simd.mul_add_e_f32s(z, simd.splat_f32s(-16.0), simd.splat_f32s(1.0));
    (curve(simd, r, z), simd.mul_f32s(zeros, polynomial(simd, &SLOPE, z)))
}

/// The turns without whole turns. Adding and subtracting 1.5 x 2^23 rounds to the nearest integer, ties to even, for
/// |turns| below 2^22.
#[inline(always)]
fn remainder<S: Simd>(simd: S, turns: S::f32s) -> S::f32s {
    let round = simd.splat_f32s(12_582_912.0);
    simd.sub_f32s(turns, simd.sub_f32s(simd.add_f32s(turns, round), round))
}

/// `r (1 - 4z) Q(z)` with `z = r²`.
#[inline(always)]
fn curve<S: Simd>(simd: S, r: S::f32s, z: S::f32s) -> S::f32s {
    let zeros = simd.mul_add_e_f32s(z, simd.splat_f32s(-4.0), simd.splat_f32s(1.0));
    simd.mul_f32s(simd.mul_f32s(r, zeros), polynomial(simd, &SINE, z))
}

#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, coefficients: &[f32; N], z: S::f32s) -> S::f32s {
    let mut sum = simd.splat_f32s(coefficients[N - 1]);
    for &c in coefficients[..N - 1].iter().rev() {
        sum = simd.mul_add_e_f32s(sum, z, simd.splat_f32s(c));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::{Arch, WithSimd};

    #[test]
    fn sine_is_within_its_stated_error_over_many_turns() {
        for i in -400_000..=400_000 {
            let turns = i as f32 * 1e-4;
            let exact = (f64::from(turns) * std::f64::consts::TAU).sin();
            let error = (f64::from(sine(turns)) - exact).abs();
            assert!(error < 3e-7, "sine({turns}) is off by {error}");
        }
    }

    /// The first lane of [`sines`], and of both of [`sines_and_slopes`].
    struct First(f32);

    impl WithSimd for First {
        type Output = [f32; 3];

        fn with_simd<S: Simd>(self, simd: S) -> [f32; 3] {
            let turns = simd.splat_f32s(self.0);
            let (sine, slope) = sines_and_slopes(simd, turns);
            let first = |vector: S::f32s| bytemuck::cast_slice::<_, f32>(&[vector])[0];
            [first(sines(simd, turns)), first(sine), first(slope)]
        }
    }

    #[test]
    fn vectors_agree_with_the_scalar_sine_and_its_derivative() {
        let arch = Arch::new();
        for i in -40_000..=40_000 {
            let turns = i as f32 * 1e-3;
            let [vector, again, slope] = arch.dispatch(First(turns));
            assert_eq!(vector, again, "at {turns} turns");
            // Without fused multiply-adds the last bits differ.
            assert!((vector - sine(turns)).abs() < 3e-7, "at {turns} turns: {vector}");
            let exact = std::f64::consts::TAU * (f64::from(turns) * std::f64::consts::TAU).cos();
            assert!((f64::from(slope) - exact).abs() < 4e-6, "at {turns} turns: {slope}");
        }
    }
}
