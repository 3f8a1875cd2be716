//! Recentring: which way you face when you look ahead.

mod auto;

use crate::{
    rotation::Rotation,
    sample::{FaceSample, Head},
};
pub use auto::{AutoCalibration, AutoStep};

/// A neutral head, relative to which samples are taken.
///
/// With the neutral orientation `N` and the present one `R`, both turning the head's own axes into the camera's, the
/// head has turned by `Q` about its *own* axes: `R = N Q`, so `Q = Nᵀ R`. A shake of the head stays one when the
/// camera looks from below, which is what subtracting Euler angles (the reference's way) gets wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Calibration {
    neutral: Option<Neutral>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Neutral {
    inverse: Rotation,
    translation_cm: [f64; 3],
}

impl Calibration {
    /// Takes `head` as the neutral one from now on.
    pub fn recentre(&mut self, head: &Head) {
        self.recentre_on(Rotation::from_euler_deg(head.rotation_deg), head.translation_cm);
    }

    /// Takes this orientation and place (centimetres) as the neutral ones from now on.
    pub fn recentre_on(&mut self, orientation: Rotation, translation_cm: [f64; 3]) {
        self.neutral = Some(Neutral { inverse: orientation.inverse(), translation_cm });
    }

    /// The head relative to the neutral one; unchanged, to the bit, when none is set.
    #[must_use]
    pub fn relative(&self, head: &Head) -> Head {
        let Some(neutral) = &self.neutral else { return *head };
        let orientation = neutral.inverse * Rotation::from_euler_deg(head.rotation_deg);
        let mut moved = head.translation_cm;
        for (value, origin) in moved.iter_mut().zip(neutral.translation_cm) {
            *value -= origin;
        }
        Head { rotation_deg: orientation.to_euler_deg(), translation_cm: neutral.inverse.turn(moved) }
    }

    /// The sample with its head relative to the neutral one.
    #[must_use]
    pub fn apply(&self, sample: &FaceSample) -> FaceSample {
        FaceSample { head: self.relative(&sample.head), ..*sample }
    }
}

/// The mean of several heads, as a neutral one.
///
/// The mean orientation is the rotation nearest to the mean of the matrices (the chordal mean; Hartley, Trumpf, Dai and
/// Li, "Rotation averaging", 2013).
#[derive(Clone, Copy, Debug, Default)]
pub struct NeutralMean {
    orientations: [[f64; 3]; 3],
    translation_cm: [f64; 3],
    count: u32,
}

impl NeutralMean {
    /// Takes one more head into the mean.
    pub fn add(&mut self, head: &Head) {
        let rows = Rotation::from_euler_deg(head.rotation_deg).rows();
        for (sum, value) in self.orientations.iter_mut().flatten().zip(rows.into_iter().flatten()) {
            *sum += value;
        }
        for (sum, value) in self.translation_cm.iter_mut().zip(head.translation_cm) {
            *sum += value;
        }
        self.count += 1;
    }

    /// A calibration on the mean, or none if there is none (no heads, or heads facing every way).
    pub fn calibration(&self) -> Option<Calibration> {
        let mut calibration = Calibration::default();
        let count = f64::from(self.count);
        calibration.recentre_on(Rotation::nearest(self.orientations)?, self.translation_cm.map(|sum| sum / count));
        Some(calibration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: [f64; 3], b: [f64; 3]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9)
    }

    #[test]
    fn the_neutral_head_becomes_zero() {
        let head = Head { rotation_deg: [12.0, -30.0, 5.0], translation_cm: [1.0, 2.0, -40.0] };
        let mut calibration = Calibration::default();
        assert_eq!(calibration.relative(&head), head);
        calibration.recentre(&head);
        let relative = calibration.relative(&head);
        assert!(close(relative.rotation_deg, [0.0; 3]) && close(relative.translation_cm, [0.0; 3]), "{relative:?}");
    }

    #[test]
    fn a_turned_head_seen_from_below_is_still_only_turned() {
        let neutral = Rotation::from_euler_deg([-40.0, 10.0, -5.0]);
        let mut calibration = Calibration::default();
        calibration.recentre(&Head { rotation_deg: neutral.to_euler_deg(), translation_cm: [0.0; 3] });
        let turned = neutral * Rotation::from_euler_deg([0.0, 14.0, 0.0]);
        let seen = calibration.relative(&Head { rotation_deg: turned.to_euler_deg(), translation_cm: [0.0; 3] });
        assert!(close(seen.rotation_deg, [0.0, 14.0, 0.0]), "{seen:?}");
        let subtracted = turned.to_euler_deg()[1] - neutral.to_euler_deg()[1];
        assert!((subtracted - 14.0).abs() > 1.0, "subtracting Euler angles would do here, the test shows nothing");
    }

    #[test]
    fn the_mean_of_two_heads_is_half_way_between() {
        let mut mean = NeutralMean::default();
        assert!(mean.calibration().is_none());
        for y in [10.0, 30.0] {
            mean.add(&Head { rotation_deg: [0.0, y, 0.0], translation_cm: [y, 0.0, 0.0] });
        }
        let seen = mean
            .calibration()
            .expect("a mean")
            .relative(&Head { rotation_deg: [0.0, 25.0, 0.0], translation_cm: [20.0, 0.0, 0.0] });
        assert!(close(seen.rotation_deg, [0.0, 5.0, 0.0]) && close(seen.translation_cm, [0.0; 3]), "{seen:?}");
    }

    #[test]
    fn a_step_forward_is_measured_along_the_heads_own_axes() {
        let mut calibration = Calibration::default();
        calibration.recentre(&Head { rotation_deg: [0.0, 90.0, 0.0], translation_cm: [5.0, 0.0, -40.0] });
        let moved = Head { rotation_deg: [0.0, 90.0, 0.0], translation_cm: [15.0, 0.0, -40.0] };
        assert!(close(calibration.relative(&moved).translation_cm, [0.0, 0.0, 10.0]));
    }
}
