//! Face samples to poses: the reference's two converters as one mapping (`core/spec/face-to-pose.md`).
//!
//! Both converters of the reference are the same but for the head's offsets and two defects, which are fixed here
//! unless [`ProfileSettings::reference_quirks`] asks for them. Formulas are evaluated in `f64`, as there.

mod face;
pub mod mouth;
mod settings;

use crate::{
    calibration::Calibration,
    pose::{Parameter, Pose},
    rotation::Rotation,
    sample::FaceSample,
};
use serde::{Serialize, Serializer};
pub use settings::{EyebrowDownMode, ProfileSettings, SettingsError, WinkMode};

/// How one kind of source's samples become poses: what the reference's converters differ in.
///
/// A capture plugin brings its own as a constant; any source's samples may be mapped by any profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Profile {
    /// The name it is chosen by, such as `ifacialmocap`.
    pub name: &'static str,
    /// Whether the reference's converter has its guard of the frown inverted, which `reference_quirks` brings back.
    pub inverted_frown_guard: bool,
    /// Whether the head's offsets are among its settings.
    pub head_offsets: bool,
}

impl Serialize for Profile {
    /// Writes the name.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name)
    }
}

/// Turns face samples into poses. It keeps no state: equal samples make equal poses.
#[derive(Clone, Debug)]
pub struct PoseMapper {
    profile: Profile,
    settings: ProfileSettings,
    offset: Calibration,
}

/// `min(max(x, low), high)`, where NaN becomes `low`.
fn clamp(x: f64, low: f64, high: f64) -> f64 {
    x.max(low).min(high)
}

/// How far `x` is on the way from `min` to `max`, within [0, 1]; 0 when `max` is not above `min`.
fn ramp(x: f64, min: f64, max: f64) -> f64 {
    let range = max - min;
    if range <= 0.0 { 0.0 } else { clamp((x - min) / range, 0.0, 1.0) }
}

impl PoseMapper {
    /// A mapping that follows `profile` with `settings`.
    pub fn new(profile: Profile, settings: ProfileSettings) -> Self {
        let mut offset = Calibration::default();
        let angles = [settings.head_x_offset, settings.head_y_offset, settings.head_z_offset];
        // Without offsets, angles pass through unchanged, even beyond the range of Euler angles.
        if !settings.reference_quirks && angles != [0.0; 3] {
            offset.recentre_on(Rotation::from_euler(angles), [0.0; 3]);
        }
        Self { profile, settings, offset }
    }

    /// The profile it follows.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The settings in use.
    pub fn settings(&self) -> &ProfileSettings {
        &self.settings
    }

    /// The pose of `sample`: finite and within every parameter's range. Breathing is 0. Allocates nothing.
    pub fn map(&self, sample: &FaceSample) -> Pose {
        let mut pose = Pose::default();
        self.map_eyes_and_brows(sample, &mut pose);
        self.map_mouth(sample, &mut pose);
        self.map_head(sample, &mut pose);
        // Clamped again: extreme settings overflow.
        pose.clamped()
    }

    fn map_head(&self, sample: &FaceSample, pose: &mut Pose) {
        let [x, y, z] = self.head_degrees(sample);
        let turn = |degrees: f64, most: f64| (clamp(degrees, -most, most) / most) as f32;
        let (head_x, head_y, neck_z) = (turn(-x, 15.0), turn(-y, 10.0), turn(z, 15.0));
        for (parameter, value) in [
            (Parameter::HeadX, head_x),
            (Parameter::HeadY, head_y),
            (Parameter::BodyY, head_y),
            (Parameter::NeckZ, neck_z),
            (Parameter::BodyZ, neck_z),
        ] {
            pose[parameter] = value;
        }
    }

    /// The head's angles about x, y, z relative to the settings' offsets, in degrees.
    fn head_degrees(&self, sample: &FaceSample) -> [f64; 3] {
        if !self.settings.reference_quirks {
            return self.offset.relative(&sample.head).rotation_deg;
        }
        let [x, y, z] = sample.head.rotation_deg;
        let s = &self.settings;
        [x - s.head_x_offset.to_degrees(), y - s.head_y_offset.to_degrees(), z - s.head_z_offset.to_degrees()]
    }
}

/// Profiles like those of the capture plugins, for this crate's tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::Profile;

    pub(crate) const PHONE: Profile = Profile { name: "phone", inverted_frown_guard: true, head_offsets: false };
    pub(crate) const CAMERA: Profile = Profile { name: "camera", inverted_frown_guard: false, head_offsets: true };
}
