//! Plays a recording at the pace it was made, or another.

mod player;

use crate::{
    SourceError, Surroundings,
    registry::{
        info::{SettingInfo, SourceInfo},
        settings::Settings,
    },
};
use bunraku_core::source::{CancellationToken, CaptureSource, SampleSender};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{future::Future, path::PathBuf, pin::Pin};

/// The registry's line.
pub(crate) const INFO: SourceInfo = SourceInfo {
    name: "replay",
    about: "a recording made with `bunraku record`",
    settings: &[
        SettingInfo::required_file("file", "the recording: JSON Lines of face samples, also gzip-compressed"),
        SettingInfo::optional("speed", Some("1"), "how fast it is played; 2 takes half the time"),
        SettingInfo::optional("loop", Some("false"), "whether it begins again when it ends"),
    ],
    camera: false,
    may_rest: true,
    profile: "ifacialmocap",
    example: "replay:file=take.jsonl,loop=true",
    open,
    look: Vec::new,
};

/// The settings of the source `replay`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaySettings {
    /// The recording.
    pub file: PathBuf,
    /// How many seconds of the recording are played in a second.
    #[serde(default)]
    pub speed: Speed,
    /// Whether it begins again when it ends.
    #[serde(default, rename = "loop")]
    pub again: bool,
}

/// A speed above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(f64);

impl Default for Speed {
    fn default() -> Self {
        Self(1.0)
    }
}

impl<'de> Deserialize<'de> for Speed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let speed = f64::deserialize(from)?;
        if speed.is_finite() && speed > 0.0 {
            return Ok(Self(speed));
        }
        Err(D::Error::custom(format!("a speed of {speed} is not above 0")))
    }
}

fn open(settings: &Settings, _: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let settings: ReplaySettings = settings.read(INFO.name)?;
    // A slip in the name is told at once, not when the source is switched to.
    let wrong = |why: &dyn std::fmt::Display| SourceError::Setting {
        source_name: INFO.name,
        why: format!("`file`: {}: {why}", settings.file.display()),
    };
    match std::fs::metadata(&settings.file) {
        Ok(found) if found.is_dir() => Err(wrong(&"is a folder, not a recording")),
        Ok(_) => Ok(Box::new(Replay { settings })),
        Err(error) => Err(wrong(&error)),
    }
}

struct Replay {
    settings: ReplaySettings,
}

impl CaptureSource for Replay {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn describe(&self) -> String {
        let ReplaySettings { file, speed, again } = &self.settings;
        let again = if *again { ", over and over" } else { "" };
        format!("the recording {} at {} times its speed{again}", file.display(), speed.0)
    }

    fn run(self: Box<Self>, sender: SampleSender, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            stop.run_until_cancelled(player::play(&self.settings, sender)).await;
        })
    }
}
