//! Breathing: the chest's rise and fall (`core/spec/face-to-pose.md`).

use std::f64::consts::TAU;

/// Breaths a minute at rest; the reference's default.
pub const BREATHS_PER_MINUTE: f64 = 20.0;

/// The `breathing` parameter `elapsed` seconds into the first breath: 0 to 1, 0 at the start.
///
/// 0 if the rate is not positive or the time is not finite.
pub fn breathing(breaths_per_minute: f64, elapsed: f64) -> f64 {
    let breaths = elapsed * breaths_per_minute / 60.0;
    if breaths_per_minute > 0.0 && breaths.is_finite() { rise(breaths) } else { 0.0 }
}

/// The chest's rise after `breaths` breaths: (1 − cos 2πn)/2.
fn rise(breaths: f64) -> f64 {
    (1.0 - (TAU * breaths.rem_euclid(1.0)).cos()) / 2.0
}

/// A breath that stays smooth when its rate changes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Breath {
    phase: f64,
}

impl Breath {
    /// Breathes for `dt` seconds and gives the `breathing` parameter. A rate of 0 ends the breath at once.
    pub fn advance(&mut self, breaths_per_minute: f64, dt: f64) -> f64 {
        let phase = self.phase + dt * breaths_per_minute / 60.0;
        self.phase = if breaths_per_minute > 0.0 && phase.is_finite() { phase.rem_euclid(1.0) } else { 0.0 };
        rise(self.phase)
    }

    /// Begins a new breath.
    pub fn restart(&mut self) {
        self.phase = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_test_support::shared;
    use serde_json::Value;

    #[test]
    fn golden_breaths_match() {
        let Some(path) = shared("tha4/golden/converters/ifacialmocap.json") else { return };
        let text = std::fs::read_to_string(path).expect("a golden file can be read");
        let golden: Value = serde_json::from_str(&text).expect("a golden file is JSON");
        let cases = golden["breathing"].as_array().expect("breathing cases");
        assert!(!cases.is_empty());
        for case in cases {
            let number = |name: &str| case["breathing"][name].as_f64().expect("a number");
            let value = breathing(number("frequency"), number("seconds_since_cycle_start"));
            let expected = case["pose"][44].as_f64().expect("a number");
            // The reference subtracts two wall clocks, and loses as much to rounding.
            assert!((value - expected).abs() < 1e-6, "{}: {value} is not {expected}", case["id"]);
        }
    }

    #[test]
    fn the_breath_does_not_jump_when_its_rate_changes() {
        let mut breath = Breath::default();
        let before = breath.advance(20.0, 1.1);
        assert!((before - breathing(20.0, 1.1)).abs() < 1e-12);
        assert!((breath.advance(40.0, 1e-6) - before).abs() < 1e-4);
        assert_eq!(breath.advance(0.0, 1.0), 0.0);
    }

    #[test]
    fn invalid_rates_and_times_give_no_breath() {
        for (rate, elapsed) in [(-1.0, 1.0), (f64::NAN, 1.0), (20.0, f64::INFINITY), (f64::INFINITY, 0.0)] {
            assert_eq!(breathing(rate, elapsed), 0.0);
        }
        assert_eq!(Breath::default().advance(20.0, f64::NAN), 0.0);
    }
}
