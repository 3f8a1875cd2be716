//! The settings of a profile: the reference's own arguments, by their own names (`core/spec/face-to-pose.md`).

use super::Profile;
use crate::{
    suggest::{did_you_mean, nearest},
    yaml::{self, Mapping, Value},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// Which eyebrow shape lowered brows make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EyebrowDownMode {
    /// `eyebrow_angry`.
    #[default]
    #[serde(alias = "ANGRY")]
    Angry,
    /// `eyebrow_troubled`.
    #[serde(alias = "TROUBLED")]
    Troubled,
    /// `eyebrow_serious`.
    #[serde(alias = "SERIOUS")]
    Serious,
    /// `eyebrow_lowered`.
    #[serde(alias = "LOWERED")]
    Lowered,
}

/// Which eye shape a blink makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WinkMode {
    /// `eye_wink`.
    #[default]
    #[serde(alias = "NORMAL")]
    Normal,
    /// `eye_relaxed`.
    #[serde(alias = "RELAXED")]
    Relaxed,
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $default:expr, $with:literal;)*) => {
        /// A profile's settings. Blendshapes are 0 to 1; a maximum at or below its minimum turns its parameter off.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct ProfileSettings {
            $($(#[$doc])* #[serde(deserialize_with = $with)] pub $name: $kind,)*
        }

        impl ProfileSettings {
            /// The names of all settings.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];
        }

        impl Default for ProfileSettings {
            /// The reference's values.
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }
    };
}

settings! {
    /// Smile at or below which a face is not smiling at all.
    smile_threshold_min: f64 = 0.4, "finite";
    /// Smile from which the face is fully smiling: brows turn happy, closed eyes too.
    smile_threshold_max: f64 = 0.6, "finite";
    /// `eyeWide` that is a full `eye_surprised`.
    eye_surprised_max: f64 = 0.5, "finite";
    /// `eyeBlink` that is a closed eye.
    eye_blink_max: f64 = 0.8, "finite";
    /// `browDown` that is a fully lowered brow.
    eyebrow_down_max: f64 = 0.4, "finite";
    /// `cheekSquint` at which the lower eyelid begins to rise.
    cheek_squint_min: f64 = 0.1, "finite";
    /// `cheekSquint` at which the lower eyelid is fully up.
    cheek_squint_max: f64 = 0.7, "finite";
    /// `jawOpen` at which the mouth begins to open.
    jaw_open_min: f64 = 0.1, "finite";
    /// `jawOpen` that is a wide open mouth.
    jaw_open_max: f64 = 0.4, "finite";
    /// Sum of both `mouthFrown` that is a full frown.
    mouth_frown_max: f64 = 0.6, "finite";
    /// `mouthFunnel` up to which a round mouth is all `mouth_uuu`.
    mouth_funnel_min: f64 = 0.25, "finite";
    /// `mouthFunnel` from which a round mouth is all `mouth_ooo`.
    mouth_funnel_max: f64 = 0.5, "finite";
    /// How far the irises turn: multiplies the mean of the gaze's blendshapes.
    eye_rotation_factor: f64 = 1.0 / 0.75, "finite";
    /// The shape of lowered eyebrows.
    eyebrow_down_mode: EyebrowDownMode = EyebrowDownMode::Angry, "plain";
    /// The shape of closed eyes.
    wink_mode: WinkMode = WinkMode::Normal, "plain";
    /// How small the left iris is, 0 to 1.
    iris_small_left: f64 = 0.0, "finite";
    /// How small the right iris is, 0 to 1.
    iris_small_right: f64 = 0.0, "finite";
    /// The head's neutral rotation about x, radians (only for profiles that have head offsets: `mediapipe`).
    head_x_offset: f64 = 0.0, "finite";
    /// The head's neutral rotation about y, radians (only for profiles that have head offsets: `mediapipe`).
    head_y_offset: f64 = 0.0, "finite";
    /// The head's neutral rotation about z, radians (only for profiles that have head offsets: `mediapipe`).
    head_z_offset: f64 = 0.0, "finite";
    /// Whether to reproduce the reference's defects: no frown with an iPhone (its guard is inverted), and a neutral head
    /// whose Euler angles are subtracted instead of being undone as a rotation.
    reference_quirks: bool = false, "plain";
}

/// The settings that only profiles with head offsets have.
const HEAD_OFFSETS: [&str; 3] = ["head_x_offset", "head_y_offset", "head_z_offset"];

fn finite<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(from)?;
    if value.is_finite() { Ok(value) } else { Err(D::Error::custom(format!("{value} is not a finite number"))) }
}

fn plain<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::deserialize(from)
}

/// Why a profile's settings cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The text is not a YAML map, or a value has the wrong type.
    #[error("the settings cannot be read: {0}")]
    Yaml(#[from] yaml::Error),
    /// An unknown name.
    #[error("unknown setting `{name}`{}", suggestion(*.nearest))]
    Unknown {
        /// The name as written.
        name: String,
        /// The setting most likely meant.
        nearest: Option<&'static str>,
    },
    /// A setting that the profile does not have.
    #[error("setting `{setting}` does not apply to the profile {profile}: remove it, or choose another profile")]
    OtherProfile {
        /// The setting.
        setting: &'static str,
        /// The profile's name.
        profile: &'static str,
    },
}

fn suggestion(nearest: Option<&'static str>) -> String {
    match nearest {
        Some(_) => did_you_mean(nearest),
        None => format!("; known are {}", ProfileSettings::NAMES.join(", ")),
    }
}

impl ProfileSettings {
    /// Reads the settings of `profile` from a YAML map; an empty text means the defaults.
    ///
    /// # Errors
    /// Names the first setting that is unknown (with the nearest known name) or has a value of the wrong kind.
    pub fn from_yaml(profile: Profile, text: &str) -> Result<Self, SettingsError> {
        let value: Value = yaml::from_str(text)?;
        if value.is_null() {
            return Ok(Self::default());
        }
        for key in value.as_mapping().into_iter().flat_map(Mapping::keys) {
            let name = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
            if !Self::NAMES.contains(&name.as_str()) {
                let nearest = nearest(&name, Self::NAMES.iter().copied());
                return Err(SettingsError::Unknown { name, nearest });
            }
            if let Some(other) = HEAD_OFFSETS.iter().find(|offset| **offset == name && !profile.head_offsets) {
                return Err(SettingsError::OtherProfile { setting: other, profile: profile.name });
            }
        }
        // From the text again, not from the value, so that errors give the line.
        Ok(yaml::from_str(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::testing::{CAMERA, PHONE};

    #[test]
    fn modes_are_read_in_either_case_and_the_rest_keeps_its_default() {
        let text = "wink_mode: relaxed\neyebrow_down_mode: TROUBLED\neye_blink_max: 1\n";
        let settings = ProfileSettings::from_yaml(PHONE, text).expect("valid settings");
        let expected = ProfileSettings {
            wink_mode: WinkMode::Relaxed,
            eyebrow_down_mode: EyebrowDownMode::Troubled,
            eye_blink_max: 1.0,
            ..ProfileSettings::default()
        };
        assert_eq!(settings, expected);
        let empty = ProfileSettings::from_yaml(CAMERA, "# nothing\n").expect("defaults");
        assert_eq!(empty, ProfileSettings::default());
    }

    #[test]
    fn errors_name_the_setting_and_what_was_meant() {
        for (text, expected) in [
            ("eye_blnk_max: 0.8", "did you mean `eye_blink_max`?"),
            ("quux: 1", "smile_threshold_min"),
            ("head_x_offset: 0.1", "does not apply to the profile"),
            ("jaw_open_min: .nan", "not a finite number"),
            ("wink_mode: closed", "relaxed"),
            ("[1, 2]", "cannot be read"),
        ] {
            let error = ProfileSettings::from_yaml(PHONE, text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
