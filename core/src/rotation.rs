//! Rotations of a head in space: Euler angles to matrices and back, and the nearest rotation to a noisy matrix.
//!
//! Angles are extrinsic x-y-z, R = Rz Ry Rx, as everywhere in this project (`core/spec/face-to-pose.md`).

/// Below this cosine of the middle angle the first and last axes coincide, and only their sum is known.
const GIMBAL_LOCK: f64 = 1e-7;

/// A step of the iteration of [`Rotation::nearest`] that changes no entry by more than this has reached its end.
const CONVERGED: f64 = 1e-9;

/// A proper rotation (orthonormal, determinant 1), as a matrix of rows that turns column vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotation([[f64; 3]; 3]);

impl Default for Rotation {
    fn default() -> Self {
        Self::IDENTITY
    }
}

impl Rotation {
    /// No rotation.
    pub const IDENTITY: Self = Self([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

    /// The rotation about x, then y, then z (fixed axes), in radians.
    pub fn from_euler([x, y, z]: [f64; 3]) -> Self {
        let ((sx, cx), (sy, cy), (sz, cz)) = (x.sin_cos(), y.sin_cos(), z.sin_cos());
        Self([
            [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
            [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
            [-sy, cy * sx, cy * cx],
        ])
    }

    /// The same in degrees.
    pub fn from_euler_deg(degrees: [f64; 3]) -> Self {
        Self::from_euler(degrees.map(f64::to_radians))
    }

    /// Angles about x, y, z in radians, y within ±π/2. In gimbal lock z is 0.
    pub fn to_euler(&self) -> [f64; 3] {
        let r = &self.0;
        let cos_y = r[0][0].hypot(r[1][0]);
        let y = (-r[2][0]).atan2(cos_y);
        if cos_y < GIMBAL_LOCK {
            return [(-r[1][2]).atan2(r[1][1]), y, 0.0];
        }
        [r[2][1].atan2(r[2][2]), y, r[1][0].atan2(r[0][0])]
    }

    /// The same in degrees.
    pub fn to_euler_deg(&self) -> [f64; 3] {
        self.to_euler().map(f64::to_degrees)
    }

    /// The rotation nearest to `matrix` (the orthogonal factor of its polar decomposition), whatever its uniform scale.
    ///
    /// None if the determinant is not positive, a number is not finite, or the matrix is nearly singular.
    /// Newton's iteration `X ← (X + X⁻ᵀ)/2` (Higham, "Computing the polar decomposition – with applications", 1986).
    pub fn nearest(matrix: [[f64; 3]; 3]) -> Option<Self> {
        let volume = determinant(&matrix);
        if !volume.is_finite() || volume <= 0.0 {
            return None;
        }
        let scale = volume.cbrt().recip();
        let mut x = matrix.map(|row| row.map(|value| value * scale));
        // Quadratic convergence: even a matrix squeezed 1000 to 1 is done in a dozen steps.
        let mut change = f64::INFINITY;
        for _ in 0..32 {
            let next = newton_step(&x);
            change = rows(&x, &next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            x = next;
            if change < 1e-15 {
                break;
            }
        }
        (change < CONVERGED).then_some(Self(x))
    }

    /// The inverse: the transpose, as the matrix is orthonormal.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let mut out = [[0.0; 3]; 3];
        for (row, column) in (0..3).flat_map(|row| (0..3).map(move |column| (row, column))) {
            out[row][column] = self.0[column][row];
        }
        Self(out)
    }

    /// `vector`, turned.
    pub fn turn(&self, vector: [f64; 3]) -> [f64; 3] {
        self.0.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
    }

    /// The rows of the matrix.
    pub fn rows(&self) -> [[f64; 3]; 3] {
        self.0
    }
}

impl std::ops::Mul for Rotation {
    type Output = Self;

    /// First `other`, then `self`.
    fn mul(self, other: Self) -> Self {
        let columns = other.inverse().0.map(|column| self.turn(column));
        Self(columns).inverse()
    }
}

fn rows<'a>(a: &'a [[f64; 3]; 3], b: &'a [[f64; 3]; 3]) -> impl Iterator<Item = (f64, f64)> + 'a {
    a.iter().flatten().copied().zip(b.iter().flatten().copied())
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn determinant(m: &[[f64; 3]; 3]) -> f64 {
    m[0].iter().zip(cross(m[1], m[2])).map(|(a, b)| a * b).sum()
}

/// The mean of `x` and its inverse transpose, whose rows are the cofactors over the determinant.
fn newton_step(x: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let volume = determinant(x);
    let cofactors = [cross(x[1], x[2]), cross(x[2], x[0]), cross(x[0], x[1])];
    let mut out = *x;
    for (value, cofactor) in out.iter_mut().flatten().zip(cofactors.into_iter().flatten()) {
        *value = 0.5 * (*value + cofactor / volume);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn far(a: &Rotation, b: &Rotation) -> f64 {
        rows(&a.0, &b.0).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
    }

    proptest! {
        #[test]
        fn euler_angles_round_trip(x in -4.0..4.0, y in -4.0..4.0, z in -4.0..4.0) {
            let rotation = Rotation::from_euler([x, y, z]);
            prop_assert!(far(&Rotation::from_euler(rotation.to_euler()), &rotation) < 1e-7);
        }

        #[test]
        fn a_scaled_and_noisy_rotation_is_recovered(
            angles in prop::array::uniform3(-3.0..3.0), scale in 0.01..100.0, noise in prop::array::uniform9(-1e-6..1e-6),
        ) {
            let rotation = Rotation::from_euler(angles);
            let mut matrix = rotation.0;
            for (value, noise) in matrix.iter_mut().flatten().zip(noise) {
                *value = (*value + noise) * scale;
            }
            let found = Rotation::nearest(matrix).expect("a positive determinant");
            prop_assert!(far(&found, &rotation) < 1e-5);
            prop_assert!(far(&(found * found.inverse()), &Rotation::IDENTITY) < 1e-12);
        }
    }

    #[test]
    fn the_rotation_survives_gimbal_lock() {
        for y in [std::f64::consts::FRAC_PI_2, -std::f64::consts::FRAC_PI_2] {
            let rotation = Rotation::from_euler([0.3, y, -0.9]);
            assert!(far(&Rotation::from_euler(rotation.to_euler()), &rotation) < 1e-9);
        }
    }

    #[test]
    fn a_mirror_a_flat_matrix_and_nan_have_no_rotation() {
        assert_eq!(Rotation::nearest([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), None);
        assert_eq!(Rotation::nearest([[0.0; 3]; 3]), None);
        assert_eq!(Rotation::nearest([[f64::NAN; 3]; 3]), None);
    }

    #[test]
    fn a_quarter_turn_about_z_takes_x_to_y() {
        let turned = Rotation::from_euler_deg([0.0, 0.0, 90.0]).turn([1.0, 0.0, 0.0]);
        assert!((turned[1] - 1.0).abs() < 1e-12, "{turned:?}");
    }
}
