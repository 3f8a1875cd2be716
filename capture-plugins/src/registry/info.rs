//! What the registry knows about a source, for help, status displays and validation.

use super::{SourceError, registry, settings::Settings};
use crate::Surroundings;
use bunraku_core::{channel::Channels, profile::Profile, source::CaptureSource, suggest::nearest};
use serde::{Serialize, Serializer};

/// A setting of a source.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SettingInfo {
    /// Its key.
    pub name: &'static str,
    /// Its default as it would be written; `None` if it is off by default or required.
    pub default: Option<&'static str>,
    /// Whether the source cannot be opened without it.
    pub required: bool,
    /// Whether it is a path, which a configuration file gives relative to its own folder.
    pub file: bool,
    /// What it does.
    pub about: &'static str,
}

impl SettingInfo {
    /// An optional setting and its default, if it has one.
    pub(crate) const fn optional(name: &'static str, default: Option<&'static str>, about: &'static str) -> Self {
        Self { name, default, required: false, file: false, about }
    }

    /// An optional file or folder.
    pub(crate) const fn optional_file(name: &'static str, about: &'static str) -> Self {
        Self { name, default: None, required: false, file: true, about }
    }

    /// A required file.
    pub(crate) const fn required_file(name: &'static str, about: &'static str) -> Self {
        Self { name, default: None, required: true, file: true, about }
    }
}

/// The settings that every source has, beside its own.
pub const COMMON_SETTINGS: &[SettingInfo] = &[CHANNELS];

/// Which parts of the face a source drives.
pub(crate) const CHANNELS: SettingInfo = SettingInfo::optional(
    "channels",
    None,
    "the parts it drives, such as head+mouth: head, gaze, eyes, brows, mouth, torso; without it all it can",
);

/// Creates a source from its settings.
type Open = fn(&Settings, &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError>;

/// An entry of the registry.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SourceInfo {
    /// The name used to select it.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Its own settings, beside [`COMMON_SETTINGS`].
    #[serde(serialize_with = "with_common")]
    pub settings: &'static [SettingInfo],
    /// Whether it is a camera's picture of the person, which is mirrored by default.
    pub camera: bool,
    /// Whether its samples may stay equal for long while all is well, so that this is no sign of a source that hangs.
    pub may_rest: bool,
    /// The parts of the face that its samples say anything of.
    pub channels: Channels,
    /// The profile that suits its samples.
    pub profile: Profile,
    /// A working example, as written after `--source`.
    pub example: &'static str,
    #[serde(skip)]
    pub(crate) open: Open,
    #[serde(skip)]
    pub(crate) look: fn() -> Vec<String>,
}

/// Writes a source's own settings and those that every source has.
fn with_common<S: Serializer>(own: &[SettingInfo], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(own.iter().chain(COMMON_SETTINGS))
}

impl SourceInfo {
    /// The entry of the source `name`.
    ///
    /// # Errors
    /// No source has this name; the error suggests the nearest.
    pub fn find(name: &str) -> Result<&'static Self, SourceError> {
        registry().iter().find(|info| info.name == name).ok_or_else(|| {
            let names = || registry().iter().map(|info| info.name);
            SourceError::UnknownSource {
                name: name.to_owned(),
                nearest: nearest(name, names()).map(str::to_owned),
                known: names().collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// Its own settings and those that every source has.
    pub fn all_settings(&self) -> impl Iterator<Item = &'static SettingInfo> {
        self.settings.iter().chain(COMMON_SETTINGS)
    }

    /// What the source finds on this machine (addresses, ports, devices), one line each.
    pub fn found_here(&self) -> Vec<String> {
        (self.look)()
    }

    /// Checks that the source has every setting in `settings`.
    pub(crate) fn check_names(&self, settings: &Settings) -> Result<(), SourceError> {
        let names = || self.all_settings().map(|setting| setting.name);
        let Some(key) = settings.keys().find(|&key| !names().any(|name| name == key)) else { return Ok(()) };
        let known = format!("its settings are: {}", names().collect::<Vec<_>>().join(", "));
        let nearest = nearest(key, names()).map(str::to_owned);
        Err(SourceError::UnknownSetting { source_name: self.name, key: key.to_owned(), nearest, known })
    }
}
