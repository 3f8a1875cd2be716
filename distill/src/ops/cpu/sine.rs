//! Sine and cosine of a vector of turns.

use bunraku_engine::sine::SINE;
use pulp::Simd;
use std::f32::consts::TAU;

/// Coefficients of `R` in `2π cos(2πr) = (1 - 16 r²) R(r²)` for |r| up to 1/2, constant term first: the first factor is
/// the zeros, `R` was fitted to the least greatest error (7e-8; 2.3e-6 with float32 rounding, of 6.28).
const SLOPE: [f32; 6] = [TAU, -23.494_116, 32.118_717, -23.001_118, 10.040_19, -2.568_282_7];

/// `sin(2π turns)` as the engines compute it (see [`bunraku_engine::sine`]), and its derivative by the turns.
#[inline(always)]
pub(super) fn sine_and_slope<S: Simd>(simd: S, turns: S::f32s) -> (S::f32s, S::f32s) {
    // Adding and subtracting 1.5 x 2^23 rounds to the nearest integer, ties to even, for any |turns| below 2^22.
    let round = simd.splat_f32s(12_582_912.0);
    let nearest = simd.sub_f32s(simd.add_f32s(turns, round), round);
    let r = simd.sub_f32s(turns, nearest);
    let z = simd.mul_f32s(r, r);
    let one = simd.splat_f32s(1.0);
    let zeros = simd.mul_add_e_f32s(z, simd.splat_f32s(-4.0), one);
    let sine = simd.mul_f32s(simd.mul_f32s(r, zeros), polynomial(simd, &SINE, z));
    let zeros = simd.mul_add_e_f32s(z, simd.splat_f32s(-16.0), one);
    (sine, simd.mul_f32s(zeros, polynomial(simd, &SLOPE, z)))
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
    use pulp::WithSimd;

    struct Both(f32);

    impl WithSimd for Both {
        type Output = (f32, f32);

        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let (sine, slope) = sine_and_slope(simd, simd.splat_f32s(self.0));
            let count = S::F32_LANES as f32;
            (simd.reduce_sum_f32s(sine) / count, simd.reduce_sum_f32s(slope) / count)
        }
    }

    #[test]
    fn both_are_within_their_stated_errors_over_many_turns() {
        let arch = pulp::Arch::new();
        for i in -40_000..=40_000 {
            let turns = i as f32 * 1e-3;
            let (sine, slope) = arch.dispatch(Both(turns));
            let (exact, derivative) = (f64::from(turns) * std::f64::consts::TAU).sin_cos();
            assert!((f64::from(sine) - exact).abs() < 3e-7, "sine of {turns} turns: {sine}");
            assert!((f64::from(slope) - std::f64::consts::TAU * derivative).abs() < 4e-6, "at {turns} turns: {slope}");
        }
    }
}
