//! What the registry knows about a source, for help, status displays and validation.

use super::{SourceError, settings::Settings};
use crate::{LineFormat, Surroundings};
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

/// The settings that every source has, besides its own.
pub const COMMON_SETTINGS: &[SettingInfo] = &[CHANNELS];

/// Which parts of the face a source drives.
pub(crate) const CHANNELS: SettingInfo = SettingInfo::optional(
    "channels",
    None,
    "the parts to drive, such as head+mouth: head, gaze, eyes, brows, mouth, torso; if unset, all it can",
);

/// Creates a source from its settings.
type Open = fn(&Settings, &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError>;

/// An entry of the registry: all that the program needs to know about a source.
///
/// `SourceInfo::new` makes one with the usual values, of which a source overrides those in which it differs.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a source")]
pub struct SourceInfo {
    /// The name used to select it.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Its own settings, besides [`COMMON_SETTINGS`].
    #[serde(serialize_with = "with_common")]
    pub settings: &'static [SettingInfo],
    /// Whether it films the user: mirrored by default, and tracking takes a processor core.
    pub camera: bool,
    /// Whether the user's resting head is learnt from the first seconds, as for a camera that is not at eye level.
    #[serde(skip)]
    pub auto_calibrate: bool,
    /// Whether its samples may stay constant for long, so that this does not mean that it has frozen.
    pub may_rest: bool,
    /// Whether it takes over when no other source can; the program always runs one such source.
    #[serde(skip)]
    pub last_resort: bool,
    /// The parts of the face that it can drive.
    pub channels: Channels,
    /// How its samples become poses.
    pub profile: Profile,
    /// The format of the lines its device or tracker sends, for `convert`, if it has one.
    #[serde(skip)]
    pub lines: Option<LineFormat>,
    /// A working example, as written after `--source`.
    pub example: &'static str,
    #[serde(skip)]
    pub(crate) open: Open,
    #[serde(skip)]
    pub(crate) found_here: fn() -> Vec<String>,
}

/// Serializes a source's own settings together with the common ones.
fn with_common<S: Serializer>(own: &[SettingInfo], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(own.iter().chain(COMMON_SETTINGS))
}

impl SourceInfo {
    /// An entry with the usual values: no settings, every channel, constant samples mean that it has frozen.
    pub(crate) const fn new(name: &'static str, about: &'static str, profile: Profile, open: Open) -> Self {
        Self {
            name,
            about,
            settings: &[],
            camera: false,
            auto_calibrate: false,
            may_rest: false,
            last_resort: false,
            channels: Channels::ALL,
            profile,
            lines: None,
            example: name,
            open,
            found_here: Vec::new,
        }
    }

    /// Its own settings and the common ones.
    pub fn all_settings(&self) -> impl Iterator<Item = &'static SettingInfo> {
        self.settings.iter().chain(COMMON_SETTINGS)
    }

    /// What the source finds on this machine (addresses, ports, devices), one line each.
    pub fn found_here(&self) -> Vec<String> {
        (self.found_here)()
    }

    /// The channels to drive with `settings`: those it can drive, narrowed by the setting `channels`.
    pub(crate) fn driven_channels(&self, settings: &Settings) -> Result<Channels, SourceError> {
        let Some(value) = settings.get(CHANNELS.name) else { return Ok(self.channels) };
        let invalid = |why: String| SourceError::Setting { source_name: self.name, why };
        let wanted: Channels =
            value.to_string().parse().map_err(|error| invalid(format!("`{}`: {error}", CHANNELS.name)))?;
        let driven = self.channels.intersection(wanted);
        if driven.is_empty() {
            return Err(invalid(format!("`{}`: it can drive only {}, not {wanted}", CHANNELS.name, self.channels)));
        }
        Ok(driven)
    }

    /// Creates the source with `settings`.
    pub(crate) fn open(
        &self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Result<Box<dyn CaptureSource>, SourceError> {
        self.check_names(settings)?;
        self.driven_channels(settings)?;
        (self.open)(&settings.without_common(), surroundings)
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
