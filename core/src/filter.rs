//! The One-Euro filter: steady when a face rests, quick when it moves.
//!
//! Casiez, Roussel and Vogel, "1 € filter: a simple speed-based low-pass filter for noisy input in interactive systems",
//! CHI 2012. A first-order low-pass whose cut-off rises with the (smoothed) speed of the signal.

use crate::pose::{POSE_LEN, Pose};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// How strongly poses are smoothed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmoothingSettings {
    /// Whether poses are smoothed at all.
    pub enabled: bool,
    /// Cut-off of a resting face, in hertz: lower is steadier.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub min_cutoff: f64,
    /// Hertz of cut-off that each unit a second of a parameter's speed adds: higher lags less.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub beta: f64,
    /// Cut-off of the speed's own smoothing, in hertz.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub speed_cutoff: f64,
}

impl Default for SmoothingSettings {
    /// Mild: a resting face's tremble is reduced, a blink keeps its depth (see the tests).
    fn default() -> Self {
        Self { enabled: true, min_cutoff: 4.0, beta: 3.0, speed_cutoff: 6.0 }
    }
}

/// A One-Euro filter for each parameter of a pose.
#[derive(Clone, Copy, Debug, Default)]
pub struct PoseFilter {
    state: Option<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    time: f64,
    value: [f64; POSE_LEN],
    speed: [f64; POSE_LEN],
}

/// How much of the new value a first-order low-pass takes over within `dt` seconds: 0 to 1.
fn gain(cutoff: f64, dt: f64) -> f64 {
    let ratio = TAU * cutoff.max(0.0) * dt;
    if ratio.is_finite() { ratio / (1.0 + ratio) } else { 1.0 }
}

impl PoseFilter {
    /// `pose` at `now` (seconds), smoothed. The first pose passes as it is.
    ///
    /// When the clock stands still the last result is given again; when it goes back the filter goes on from there.
    /// Values that are not finite leave their parameter as it was.
    pub fn smooth(&mut self, settings: &SmoothingSettings, pose: &Pose, now: f64) -> Pose {
        if !settings.enabled {
            self.state = None;
            return *pose;
        }
        let Some(state) = &mut self.state else {
            let value = pose.0.map(|value| if value.is_finite() { f64::from(value) } else { 0.0 });
            self.state = now.is_finite().then_some(State { time: now, value, speed: [0.0; POSE_LEN] });
            return Pose(value.map(|value| value as f32));
        };
        let dt = now - state.time;
        if now.is_finite() {
            state.time = now;
        }
        if dt.is_finite() && dt > 0.0 {
            state.advance(settings, pose, dt);
        }
        Pose(state.value.map(|value| value as f32))
    }
}

impl State {
    fn advance(&mut self, settings: &SmoothingSettings, pose: &Pose, dt: f64) {
        let speed_gain = gain(settings.speed_cutoff, dt);
        for ((value, speed), &raw) in self.value.iter_mut().zip(&mut self.speed).zip(&pose.0) {
            if !raw.is_finite() {
                continue;
            }
            let step = f64::from(raw) - *value;
            *speed += speed_gain * (step / dt - *speed);
            // A tiny dt can make the speed infinite; the value then follows at once, and the speed starts again.
            if !speed.is_finite() {
                *speed = 0.0;
            }
            *value += gain(settings.min_cutoff + settings.beta * speed.abs(), dt) * step;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME: f64 = 1.0 / 60.0;

    fn uniform_pose(value: f32) -> Pose {
        Pose([value; POSE_LEN])
    }

    /// What the first parameter becomes at 60 frames a second.
    fn response(inputs: impl Iterator<Item = f32>) -> Vec<f32> {
        let mut filter = PoseFilter::default();
        let settings = SmoothingSettings::default();
        inputs
            .enumerate()
            .map(|(i, value)| filter.smooth(&settings, &uniform_pose(value), i as f64 * FRAME).0[0])
            .collect()
    }

    #[test]
    fn a_resting_faces_tremble_is_at_least_halved() {
        let tremble = response((0..600).map(|i| if i % 2 == 0 { 0.51 } else { 0.49 }));
        let swing = tremble[300..].iter().fold(0.0_f32, |most, value| most.max((value - 0.5).abs()));
        assert!(swing < 0.005, "{swing}");
    }

    #[test]
    fn a_blink_of_a_fifth_of_a_second_keeps_its_depth() {
        let blink = (0..60).map(|i| {
            let progress = (f64::from(i) - 20.0) * FRAME / 0.2;
            if (0.0..1.0).contains(&progress) { (std::f64::consts::PI * progress).sin().powi(2) as f32 } else { 0.0 }
        });
        let deepest = response(blink).into_iter().fold(0.0, f32::max);
        assert!(deepest > 0.85, "{deepest}");
    }

    #[test]
    fn a_step_has_arrived_after_a_tenth_of_a_second() {
        let step = response((0..20).map(|i| if i < 5 { 0.0 } else { 1.0 }));
        assert!(step[5 + 6] > 0.95, "{step:?}");
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_repeats_the_last_pose() {
        let mut filter = PoseFilter::default();
        let settings = SmoothingSettings::default();
        filter.smooth(&settings, &uniform_pose(0.0), 10.0);
        for now in [10.0, 9.0, 8.0, f64::NAN] {
            assert_eq!(filter.smooth(&settings, &uniform_pose(1.0), now), uniform_pose(0.0));
        }
        assert!(filter.smooth(&settings, &uniform_pose(1.0), 9.0).0[0] > 0.0);
    }

    #[test]
    fn switched_off_it_changes_nothing() {
        let off = SmoothingSettings { enabled: false, ..SmoothingSettings::default() };
        let mut filter = PoseFilter::default();
        for (now, value) in [(0.0, 0.0), (0.1, 1.0)] {
            assert_eq!(filter.smooth(&off, &uniform_pose(value), now), uniform_pose(value));
        }
    }

    proptest! {
        #[test]
        fn the_output_stays_between_what_came_in(
            inputs in prop::collection::vec((prop::num::f64::ANY, -1.0..1.0_f32), 1..50),
            jumps: bool,
        ) {
            let (mut filter, settings, mut now) = (PoseFilter::default(), SmoothingSettings::default(), 0.0);
            let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
            for (time, value) in inputs {
                now = if jumps { time } else { now + FRAME };
                (low, high) = (low.min(value), high.max(value));
                let out = filter.smooth(&settings, &uniform_pose(value), now).0[0];
                prop_assert!((low - 1e-6..=high + 1e-6).contains(&out), "{out} is not within {low}..{high}");
            }
        }
    }
}
