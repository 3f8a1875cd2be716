//! What the registry says about a source, for help, read-outs and checks.

use super::{SourceError, registry, settings::Settings};
use crate::Surroundings;
use bunraku_core::{source::CaptureSource, suggest::nearest};
use serde::Serialize;

/// A setting of a source.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SettingInfo {
    /// Its key.
    pub name: &'static str,
    /// Its default as it would be written, or none when it is off or must be given.
    pub default: Option<&'static str>,
    /// Whether the source cannot be opened without it.
    pub required: bool,
    /// Whether it names a file: in a configuration relative to the configuration's folder.
    pub file: bool,
    /// What it does.
    pub about: &'static str,
}

impl SettingInfo {
    /// A setting that may be left out and then has this value, or none.
    pub(crate) const fn optional(name: &'static str, default: Option<&'static str>, about: &'static str) -> Self {
        Self { name, default, required: false, file: false, about }
    }

    /// A file or folder that may be left out.
    pub(crate) const fn optional_file(name: &'static str, about: &'static str) -> Self {
        Self { name, default: None, required: false, file: true, about }
    }

    /// A file that must be given.
    pub(crate) const fn required_file(name: &'static str, about: &'static str) -> Self {
        Self { name, default: None, required: true, file: true, about }
    }
}

/// Makes a source from its settings.
type Open = fn(&Settings, &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError>;

/// A line of the registry.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SourceInfo {
    /// The name it is chosen by.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Its settings.
    pub settings: &'static [SettingInfo],
    /// Whether it is a camera's picture of the person, which is mirrored by default.
    pub camera: bool,
    /// Whether its samples may stay equal for long while all is well, so that this is no sign of a source that hangs.
    pub may_rest: bool,
    /// The pose profile that suits its samples by default.
    pub profile: &'static str,
    /// An example that works, as it is written after `--source`.
    pub example: &'static str,
    #[serde(skip)]
    pub(crate) open: Open,
    #[serde(skip)]
    pub(crate) look: fn() -> Vec<String>,
}

impl SourceInfo {
    /// The registry's line for the source `name`.
    ///
    /// # Errors
    /// There is none; the error names the nearest.
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

    /// What of the source's is found on this machine, a line each: addresses, ports, devices.
    pub fn found_here(&self) -> Vec<String> {
        (self.look)()
    }

    /// Whether the source knows every one of `settings` by name.
    pub(crate) fn check_names(&self, settings: &Settings) -> Result<(), SourceError> {
        let names = || self.settings.iter().map(|setting| setting.name);
        let Some(key) = settings.keys().find(|&key| !names().any(|name| name == key)) else { return Ok(()) };
        let known = match self.settings {
            [] => "it has none".to_owned(),
            _ => format!("its settings are: {}", names().collect::<Vec<_>>().join(", ")),
        };
        let nearest = nearest(key, names()).map(str::to_owned);
        Err(SourceError::UnknownSetting { source_name: self.name, key: key.to_owned(), nearest, known })
    }
}
