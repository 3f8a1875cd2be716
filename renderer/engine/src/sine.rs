//! The sine of the student's layers, the same on the CPU and in the shaders.
//!
//! WGSL's own `sin` may be off by 2^-11 and more, so both engines compute it from additions and products. Arguments are
//! in *turns* (the [plan](super::plan) folds ω / 2π into the weights), which makes the range reduction exact:
//! `r = t - round(t)` lies in [-1/2, 1/2] without rounding. There `sin(2πr) = r (1 - 4r²) Q(r²)`: the first two
//! factors are the zeros, and `Q` is a polynomial fitted to the least greatest absolute error (1.1e-7 over a turn by an
//! iteratively re-weighted fit; 2.8e-7 with float32 rounding).

/// Coefficients of `Q`, constant term first.
pub const SINE: [f32; 5] = [6.283_182_6, -16.208_67, 16.760_975, -9.530_799, 3.058_325_3];

/// `sin(2π turns)`, to 3e-7 for `|turns|` below 2^22; beyond, the turns' own spacing is coarser than the curve.
///
/// The definition that the vector code and the shaders follow.
pub fn sine(turns: f32) -> f32 {
    let r = turns - turns.round_ties_even();
    let z = r * r;
    let q = SINE.iter().rev().fold(0.0_f32, |sum, &c| sum.mul_add(z, c));
    r * z.mul_add(-4.0, 1.0) * q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_is_within_its_stated_error_over_many_turns() {
        for i in -400_000..=400_000 {
            let turns = i as f32 * 1e-4;
            let exact = (f64::from(turns) * std::f64::consts::TAU).sin();
            let error = (f64::from(sine(turns)) - exact).abs();
            assert!(error < 3e-7, "sine({turns}) is off by {error}");
        }
    }
}
