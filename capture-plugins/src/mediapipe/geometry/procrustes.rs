//! Weighted Procrustes alignment: the best similarity between two sets of points (`TRACKER.md` §7).

use bunraku_core::rotation::Rotation;

/// A point, its target and its weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Correspondence {
    pub(super) weight: f64,
    pub(super) from: [f64; 3],
    pub(super) to: [f64; 3],
}

/// Scales, then rotates, then translates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Similarity {
    pub(super) scale: f64,
    pub(super) rotation: Rotation,
    pub(super) translation: [f64; 3],
}

impl Similarity {
    /// The rows of the 4 x 4 matrix for column vectors.
    pub(super) fn matrix(&self) -> [[f64; 4]; 4] {
        let rows = self.rotation.rows();
        let row = |i: usize| {
            let [x, y, z] = rows[i].map(|value| value * self.scale);
            [x, y, z, self.translation[i]]
        };
        [row(0), row(1), row(2), [0.0, 0.0, 0.0, 1.0]]
    }
}

/// The similarity with the least weighted sum of squared distances; `None` if the points do not determine one.
pub(super) fn align(pairs: impl Iterator<Item = Correspondence> + Clone) -> Option<Similarity> {
    let total: f64 = pairs.clone().map(|pair| pair.weight).sum();
    let mean = |place: fn(&Correspondence) -> [f64; 3]| {
        let add = |sum: [f64; 3], pair: Correspondence| add_scaled(sum, place(&pair), pair.weight / total);
        pairs.clone().fold([0.0; 3], add)
    };
    let (from, to) = (mean(|pair| pair.from), mean(|pair| pair.to));
    let mut covariance = [[0.0; 3]; 3];
    for pair in pairs.clone() {
        let arm = add_scaled(pair.from, from, -1.0);
        for (row, goal) in covariance.iter_mut().zip(pair.to) {
            *row = add_scaled(*row, arm, pair.weight * goal);
        }
    }
    // The nearest rotation to the covariance is the one that aligns best.
    let rotation = Rotation::nearest(covariance)?;
    let (mut along, mut length) = (0.0, 0.0);
    for pair in pairs {
        let arm = add_scaled(pair.from, from, -1.0);
        along += pair.weight * dot(rotation.turn(arm), pair.to);
        length += pair.weight * dot(arm, pair.from);
    }
    let scale = along / length;
    let translation = add_scaled(to, rotation.turn(from), -scale);
    scale.is_finite().then_some(Similarity { scale, rotation, translation })
}

fn add_scaled(a: [f64; 3], b: [f64; 3], factor: f64) -> [f64; 3] {
    [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POINTS: [[f64; 3]; 6] =
        [[1.0, 0.2, 0.0], [-2.0, 1.0, 0.5], [0.0, 3.0, -1.0], [0.5, -1.0, 2.0], [1.5, 1.5, 1.0], [-1.0, -2.0, 0.3]];

    proptest! {
        #[test]
        fn a_known_similarity_is_recovered(
            degrees in prop::array::uniform3(-180.0..180.0),
            translation in prop::array::uniform3(-100.0..100.0),
            scale in 0.01..50.0,
            weights in prop::array::uniform6(0.01..1.0),
        ) {
            let moved = Similarity { scale, rotation: Rotation::from_euler_deg(degrees), translation };
            let place = |from: [f64; 3]| add_scaled(translation, moved.rotation.turn(from), scale);
            let pairs = POINTS.into_iter().zip(weights).map(|(from, weight)| Correspondence { weight, from, to: place(from) });
            let found = align(pairs).expect("points in space");
            for (found, expected) in found.matrix().iter().flatten().zip(moved.matrix().iter().flatten()) {
                prop_assert!((found - expected).abs() < 1e-6 * (1.0 + scale), "{found} {expected}");
            }
        }
    }

    #[test]
    fn coincident_points_have_no_alignment() {
        let pair = Correspondence { weight: 1.0, from: [1.0; 3], to: [2.0; 3] };
        assert_eq!(align([pair; 5].into_iter()), None);
        assert_eq!(align(std::iter::empty()), None);
    }
}
