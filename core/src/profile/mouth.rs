//! Which mouth shapes make up an open mouth: the bounded fit of `core/spec/face-to-pose.md`, solved exactly.
//!
//! The weights `d` in [0, 1]⁴ minimise `‖Mᵀd − p‖₂ + λ‖d‖₁` (the norm, not its square). In the optimum each weight is
//! 0, 1 or free; for each of the 3⁴ cases the free ones have a closed form, and the best case inside the box wins.
//!
//! For the free set `F` with the shapes' columns `A`, what the weights at 1 leave of the target `q`, and `G = AᵀA`:
//! `d_F = G⁻¹Aᵀq − λ (r / √(1 − s)) g`, where `g = G⁻¹1`, `s = λ² 1ᵀg` and `r` is the distance of `q` from `A`'s span.

use std::sync::LazyLock;

/// Number of mouth shapes that are fitted, and of measures of the mouth.
pub const SHAPES: usize = 4;

/// A vector of measures (opening, lower lip, funnel, pucker) or of weights (aaa, iii, uuu, ooo).
pub type Vector = [f64; SHAPES];

/// What each shape looks like: a row of measures for aaa, iii, uuu, ooo.
const SHAPE_ROWS: [Vector; SHAPES] =
    [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.5, 0.3, 0.25, 0.75], [1.0, 0.5, 0.5, 0.4]];

/// λ: the cost of a unit of weight.
const WEIGHT_COST: f64 = 0.01;

/// Rounding by which a free weight may leave the box and still count as inside.
const SLACK: f64 = 1e-12;

/// Largest target: far beyond any face, and its square is finite.
const FARTHEST: f64 = 1e6;

/// The closed form's constants for one free set, given as the bits of its index.
#[derive(Clone, Copy, Default)]
struct FreeSet {
    /// `G⁻¹Aᵀ`, a row a shape; zero for shapes that are not free.
    project: [Vector; SHAPES],
    /// `g / √(1 − s)`; zero for shapes that are not free.
    shrink: Vector,
}

static FREE_SETS: LazyLock<[FreeSet; 16]> = LazyLock::new(|| std::array::from_fn(FreeSet::new));

/// The weights of aaa, iii, uuu, ooo, each within [0, 1], that best make `target` (opening, lower lip, funnel, pucker).
///
/// Exact to rounding; takes a few microseconds and only the stack. NaN counts as 0.
pub fn fit(target: Vector) -> Vector {
    let target = target.map(|x| if x.is_nan() { 0.0 } else { x.clamp(-FARTHEST, FARTHEST) });
    let mut best = ([0.0; SHAPES], f64::INFINITY);
    for free in 0..16_usize {
        // The shapes at 1 run through every subset of those that are not free.
        let fixed = !free & 15;
        let mut ones = fixed;
        loop {
            if let Some(weights) = FREE_SETS[free].candidate(free, ones, target) {
                let cost = objective(&weights, &target);
                if cost < best.1 {
                    best = (weights, cost);
                }
            }
            if ones == 0 {
                break;
            }
            ones = (ones - 1) & fixed;
        }
    }
    best.0
}

/// What the fit minimises: the distance from the target, plus λ times the sum of the weights.
pub fn objective(weights: &Vector, target: &Vector) -> f64 {
    let rest = residual(weights, target);
    dot(&rest, &rest).sqrt() + WEIGHT_COST * weights.iter().map(|w| w.abs()).sum::<f64>()
}

/// The target minus the weighted shapes.
fn residual(weights: &Vector, target: &Vector) -> Vector {
    let mut rest = *target;
    for (weight, row) in weights.iter().zip(&SHAPE_ROWS) {
        for (value, measure) in rest.iter_mut().zip(row) {
            *value -= weight * measure;
        }
    }
    rest
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl FreeSet {
    /// `free` has a bit for each free shape.
    fn new(free: usize) -> Self {
        let is_free = |shape: usize| free >> shape & 1 == 1;
        // Shapes that are not free get a unit row, which keeps the matrix regular and their results 0.
        let mut gram = [[0.0; SHAPES]; SHAPES];
        let mut right = [[0.0; SHAPES + 1]; SHAPES];
        for i in 0..SHAPES {
            gram[i][i] = 1.0;
            if is_free(i) {
                right[i] = [SHAPE_ROWS[i][0], SHAPE_ROWS[i][1], SHAPE_ROWS[i][2], SHAPE_ROWS[i][3], 1.0];
                for j in (0..SHAPES).filter(|&j| is_free(j)) {
                    gram[i][j] = dot(&SHAPE_ROWS[i], &SHAPE_ROWS[j]);
                }
            }
        }
        solve(&mut gram, &mut right);
        let g = right.map(|row| row[SHAPES]);
        // s is below 2e-4 for every set of these shapes, so that the root is always real.
        let s = WEIGHT_COST * WEIGHT_COST * g.iter().sum::<f64>();
        Self { project: right.map(|[a, b, c, d, _]| [a, b, c, d]), shrink: g.map(|g| g / (1.0 - s).sqrt()) }
    }

    /// The stationary point with the shapes of `ones` at 1 and those of `free` in between, if it is inside the box.
    fn candidate(&self, free: usize, ones: usize, target: Vector) -> Option<Vector> {
        let mut weights: Vector = std::array::from_fn(|shape| (ones >> shape & 1) as f64);
        if free == 0 {
            return Some(weights);
        }
        let q = residual(&weights, &target);
        let least_squares: Vector = std::array::from_fn(|shape| dot(&self.project[shape], &q));
        // Four shapes span every target: nothing is left, and rounding must not stand in for it.
        let rest = residual(&least_squares, &q);
        let distance = if free == 15 { 0.0 } else { dot(&rest, &rest).sqrt() };
        for shape in (0..SHAPES).filter(|shape| free >> shape & 1 == 1) {
            let weight = least_squares[shape] - WEIGHT_COST * distance * self.shrink[shape];
            if !(-SLACK..=1.0 + SLACK).contains(&weight) {
                return None;
            }
            weights[shape] = weight.clamp(0.0, 1.0);
        }
        Some(weights)
    }
}

/// Replaces `right` by `matrix⁻¹ right`, by elimination; `matrix` is symmetric and positive definite, so no pivoting.
fn solve<const N: usize>(matrix: &mut [Vector; SHAPES], right: &mut [[f64; N]; SHAPES]) {
    for pivot in 0..SHAPES {
        let scale = matrix[pivot][pivot].recip();
        matrix[pivot] = matrix[pivot].map(|x| x * scale);
        right[pivot] = right[pivot].map(|x| x * scale);
        let (pivot_row, pivot_right) = (matrix[pivot], right[pivot]);
        for row in (0..SHAPES).filter(|&row| row != pivot) {
            let factor = matrix[row][pivot];
            for (x, p) in matrix[row].iter_mut().zip(pivot_row) {
                *x -= factor * p;
            }
            for (x, p) in right[row].iter_mut().zip(pivot_right) {
                *x -= factor * p;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_closed_mouth_needs_no_shape() {
        assert_eq!(fit([0.0; 4]), [0.0; 4]);
    }

    #[test]
    fn targets_that_are_not_numbers_or_huge_stay_in_the_box() {
        for target in [[f64::NAN; 4], [f64::INFINITY; 4], [-1e300, 1e300, 0.5, f64::NAN]] {
            assert!(fit(target).iter().all(|w| (0.0..=1.0).contains(w)), "{target:?}");
        }
    }

    proptest! {
        /// The problem is convex, so that a point no small step improves is the optimum.
        #[test]
        fn no_neighbour_is_better(target in prop::array::uniform4(-0.2..1.5_f64), step in prop::array::uniform4(-1.0..1.0_f64)) {
            let weights = fit(target);
            prop_assert!(weights.iter().all(|w| (0.0..=1.0).contains(w)));
            let best = objective(&weights, &target);
            for size in [1e-6, 1e-3, 0.1, 1.0] {
                let mut other = weights;
                for (weight, step) in other.iter_mut().zip(step) {
                    *weight = (*weight + size * step).clamp(0.0, 1.0);
                }
                prop_assert!(objective(&other, &target) >= best - 1e-12);
            }
        }
    }
}
