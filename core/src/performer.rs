//! The performer: smooths tracked faces, and adds breath and blinks.

pub use crate::{blink::BlinkSettings, smoothing::SmoothingSettings};
use crate::{
    blink::{Blink, shut_eyes},
    breathing::{BREATHS_PER_MINUTE, Breath},
    face_state::FaceState,
    smoothing::Smoothing,
};
use serde::{Deserialize, Serialize};

/// How a character performs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerformerSettings {
    /// Whether the character mirrors you, as a mirror does; absent, each source's own default.
    ///
    /// It is applied by [`crate::mixer::MixerInput`], source by source, so that a fade between a mirrored camera and a
    /// phone stays smooth.
    pub mirror: Option<bool>,
    /// Smoothing of the tracked face.
    pub smoothing: SmoothingSettings,
    /// Breaths a minute, 0 to 60; at 0 the character does not breathe by itself.
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

/// Most breaths a minute; a higher rate is taken as this.
const MOST_BREATHS: f64 = 60.0;

/// Smooths the faces of a state and adds breath and blinks, on the clock it is given. Allocates nothing in the steady
/// state.
#[derive(Clone, Debug)]
pub struct Performer {
    settings: PerformerSettings,
    smoothing: Smoothing,
    breath: Breath,
    blink: Blink,
    time: Option<f64>,
}

impl Performer {
    /// A performer at rest; `seed` decides when it blinks.
    pub fn new(settings: PerformerSettings, seed: u64) -> Self {
        Self {
            settings,
            smoothing: Smoothing::default(),
            breath: Breath::default(),
            blink: Blink::new(seed),
            time: None,
        }
    }

    /// The settings in use.
    pub fn settings(&self) -> &PerformerSettings {
        &self.settings
    }

    /// Smooths the faces of `state`, and adds the breath and blinks at `now` (seconds on any clock).
    pub fn perform(&mut self, state: &mut FaceState, now: f64) {
        let dt = self.time.map_or(0.0, |time| (now - time).max(0.0));
        if now.is_finite() {
            self.time = Some(now);
        }
        self.smoothing.smooth(&self.settings.smoothing, &mut state.faces, now);
        let lid = self.blink.lid(&self.settings.blink, now);
        if lid > 0.0 {
            state.faces.iter_mut().for_each(|face| shut_eyes(&mut face.sample, lid));
        }
        let rate = self.settings.breaths_per_minute.min(MOST_BREATHS);
        let breath = self.breath.advance(rate, dt);
        state.breath = (rate > 0.0).then_some(breath as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        breathing::breathing,
        mapping::PoseMapping,
        pose::Parameter,
        profile::testing::PHONE,
        sample::{Blendshape, FaceSample},
    };
    use proptest::prelude::*;

    fn rest() -> FaceState {
        FaceState::of(PHONE, FaceSample::seen_at(0.0))
    }

    #[test]
    fn it_breathes_twenty_times_a_minute_from_the_first_frame_on() {
        let mut performer = Performer::new(PerformerSettings::default(), 0);
        for frame in 0..300_u32 {
            let (elapsed, mut state) = (f64::from(frame) / 60.0, rest());
            performer.perform(&mut state, 1000.0 + elapsed);
            let breath = state.breath.expect("it breathes");
            assert!((f64::from(breath) - breathing(20.0, elapsed)).abs() < 1e-5, "{elapsed} s");
        }
    }

    #[test]
    fn at_no_breaths_a_minute_the_state_has_no_breath() {
        let settings = PerformerSettings { breaths_per_minute: 0.0, ..PerformerSettings::default() };
        let mut state = rest();
        Performer::new(settings, 0).perform(&mut state, 3.0);
        assert_eq!(state.breath, None);
    }

    #[test]
    fn it_blinks_only_when_asked() {
        let mut blinked = [false; 2];
        for (enabled, blinked) in [false, true].into_iter().zip(&mut blinked) {
            let blink = BlinkSettings { enabled, ..BlinkSettings::default() };
            let mut performer = Performer::new(PerformerSettings { blink, ..PerformerSettings::default() }, 0);
            for frame in 0..1800_u32 {
                let mut state = rest();
                performer.perform(&mut state, f64::from(frame) / 60.0);
                let pose = PoseMapping::default().map(&state);
                *blinked |= pose[Parameter::EyeWinkLeft] > 0.9 && pose[Parameter::EyeWinkRight] > 0.9;
            }
        }
        assert_eq!(blinked, [false, true]);
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        let error =
            crate::yaml::from_str::<PerformerSettings>("smoothin: {}").expect_err("no such setting").to_string();
        assert!(error.contains("smoothin"), "{error}");
    }

    proptest! {
        #[test]
        fn any_finite_face_at_any_time_stays_finite(
            frames in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::NORMAL), 1..30),
            rate in prop::num::f64::ANY,
            blink: bool,
        ) {
            let blink = BlinkSettings { enabled: blink, ..BlinkSettings::default() };
            let settings = PerformerSettings { breaths_per_minute: rate, blink, ..PerformerSettings::default() };
            let mut performer = Performer::new(settings, 1);
            for (now, value) in frames {
                let mut state = rest();
                state.faces[0].sample[Blendshape::JawOpen] = value;
                state.faces[0].sample.head.rotation_deg = [value; 3];
                performer.perform(&mut state, now);
                let sample = &state.faces[0].sample;
                let numbers = sample.blendshapes.iter().chain(&sample.head.rotation_deg);
                prop_assert!(numbers.chain(&sample.eyes.left_deg).all(|number| number.is_finite()));
                prop_assert!(state.breath.is_none_or(|breath| (0.0..=1.0).contains(&breath)));
            }
        }
    }
}
