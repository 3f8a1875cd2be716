//! The performer: what a character adds to a tracked pose, and how it carries it.

use crate::{
    blink::{Blink, BlinkSettings, shut_eyes},
    breathing::{BREATHS_PER_MINUTE, Breath},
    filter::{PoseFilter, SmoothingSettings},
    pose::{Parameter, Pose},
};
use serde::{Deserialize, Serialize};

/// How a character performs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerformerSettings {
    /// Whether the character mirrors the person, as a looking glass does; absent, each source's own default.
    ///
    /// It is applied by [`crate::switchboard::Switchboard`], source by source, so that a fade between a mirrored camera
    /// and a phone stays smooth.
    pub mirror: Option<bool>,
    /// Smoothing of the tracked pose.
    pub smoothing: SmoothingSettings,
    /// Breaths a minute, 0 to 60; 0 leaves the pose's own breathing.
    #[serde(deserialize_with = "crate::bounds::breaths")]
    pub breaths_per_minute: f64,
    /// Blinks of the character's own.
    pub blink: BlinkSettings,
}

impl Default for PerformerSettings {
    fn default() -> Self {
        Self {
            mirror: None,
            smoothing: SmoothingSettings::default(),
            breaths_per_minute: BREATHS_PER_MINUTE,
            blink: BlinkSettings::default(),
        }
    }
}

impl PerformerSettings {
    /// Whether a source whose own default is `source_default` (true for cameras) is mirrored.
    pub fn mirrors(&self, source_default: bool) -> bool {
        self.mirror.unwrap_or(source_default)
    }
}

/// Most breaths a minute; what is asked beyond is taken as this.
const MOST_BREATHS: f64 = 60.0;

/// Smooths poses and adds breath and blinks, on the clock it is given. Allocates nothing.
#[derive(Clone, Debug)]
pub struct Performer {
    settings: PerformerSettings,
    filter: PoseFilter,
    breath: Breath,
    blink: Blink,
    time: Option<f64>,
}

impl Performer {
    /// A performer at rest; `seed` decides when it blinks.
    pub fn new(settings: PerformerSettings, seed: u64) -> Self {
        Self { settings, filter: PoseFilter::default(), breath: Breath::default(), blink: Blink::new(seed), time: None }
    }

    /// The settings in use.
    pub fn settings(&self) -> &PerformerSettings {
        &self.settings
    }

    /// What the character does at `now` (seconds) when the tracked pose is `pose`: finite and in range.
    pub fn perform(&mut self, pose: &Pose, now: f64) -> Pose {
        let dt = self.time.map_or(0.0, |time| (now - time).max(0.0));
        if now.is_finite() {
            self.time = Some(now);
        }
        let mut pose = self.filter.smooth(&self.settings.smoothing, pose, now);
        let rate = self.settings.breaths_per_minute.min(MOST_BREATHS);
        let breath = self.breath.advance(rate, dt);
        if rate > 0.0 {
            pose[Parameter::Breathing] = breath as f32;
        }
        shut_eyes(&mut pose, self.blink.lid(&self.settings.blink, now));
        pose.clamped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{breathing::breathing, pose::POSE_LEN};
    use proptest::prelude::*;

    #[test]
    fn it_breathes_twenty_times_a_minute_from_the_first_frame_on() {
        let mut performer = Performer::new(PerformerSettings::default(), 0);
        for frame in 0..300_u32 {
            let elapsed = f64::from(frame) / 60.0;
            let breath = performer.perform(&Pose::default(), 1000.0 + elapsed)[Parameter::Breathing];
            assert!((f64::from(breath) - breathing(20.0, elapsed)).abs() < 1e-5, "{elapsed} s");
        }
    }

    #[test]
    fn without_a_breath_of_its_own_the_poses_breathing_stays() {
        let settings = PerformerSettings { breaths_per_minute: 0.0, ..PerformerSettings::default() };
        let mut pose = Pose::default();
        pose[Parameter::Breathing] = 0.5;
        assert_eq!(Performer::new(settings, 0).perform(&pose, 3.0)[Parameter::Breathing], 0.5);
    }

    #[test]
    fn it_blinks_only_when_asked() {
        let mut blinked = [false; 2];
        for (enabled, blinked) in [false, true].into_iter().zip(&mut blinked) {
            let blink = BlinkSettings { enabled, ..BlinkSettings::default() };
            let mut performer = Performer::new(PerformerSettings { blink, ..PerformerSettings::default() }, 0);
            for frame in 0..1800_u32 {
                let pose = performer.perform(&Pose::default(), f64::from(frame) / 60.0);
                *blinked |= pose[Parameter::EyeWinkLeft] > 0.9 && pose[Parameter::EyeWinkRight] > 0.9;
            }
        }
        assert_eq!(blinked, [false, true]);
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        let error = serde_yaml::from_str::<PerformerSettings>("smoothin: {}").expect_err("no such setting").to_string();
        assert!(error.contains("smoothin"), "{error}");
    }

    proptest! {
        #[test]
        fn any_pose_at_any_time_comes_out_finite_and_in_range(
            frames in prop::collection::vec((prop::num::f64::ANY, prop::num::f32::ANY), 1..30),
            rate in prop::num::f64::ANY,
            blink: bool,
        ) {
            let blink = BlinkSettings { enabled: blink, ..BlinkSettings::default() };
            let settings = PerformerSettings { breaths_per_minute: rate, blink, ..PerformerSettings::default() };
            let mut performer = Performer::new(settings, 1);
            for (now, value) in frames {
                let pose = performer.perform(&Pose([value; POSE_LEN]), now);
                prop_assert!(pose == pose.clamped() && pose.is_finite(), "{pose:?}");
            }
        }
    }
}
