//! The capture source `replay`: plays a recording at its own speed or another.

mod player;

use crate::{
    SourceError, Surroundings,
    entry::{
        info::{SettingInfo, SourceInfo},
        settings::Settings,
    },
    ifacialmocap::PROFILE,
};
use bunraku_core::source::{CancellationToken, CaptureSource, SampleSender};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{future::Future, path::PathBuf, pin::Pin};

/// The entry in the registry.
pub(crate) const INFO: SourceInfo = SourceInfo {
    settings: &[
        SettingInfo::required_file("file", "the recording: face samples as JSON Lines, plain or gzip-compressed"),
        SettingInfo::optional("speed", Some("1"), "playback speed; 2 is twice as fast"),
        SettingInfo::optional("loop", Some("false"), "start again at the end"),
    ],
    may_rest: true,
    example: "replay:file=take.jsonl,loop=true",
    ..SourceInfo::new("replay", "a recording made with `bunraku record`", PROFILE, open)
};

/// The settings of the source `replay`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaySettings {
    /// The recording.
    pub file: PathBuf,
    /// How many seconds of the recording to play per second.
    #[serde(default)]
    pub speed: Speed,
    /// Whether to start again at the end.
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
        Err(D::Error::custom(format!("invalid speed {speed}: expected a number above 0")))
    }
}

fn open(settings: &Settings, _: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let settings: ReplaySettings = settings.read(INFO.name)?;
    // Report a mistyped name now, not when the source is selected.
    let wrong = |why: &dyn std::fmt::Display| SourceError::Setting {
        source_name: INFO.name,
        why: format!("`file`: {}: {why}", settings.file.display()),
    };
    match std::fs::metadata(&settings.file) {
        Ok(found) if found.is_dir() => Err(wrong(&"this is a folder, not a recording")),
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
        let again = if *again { ", looping" } else { "" };
        format!("the recording {} at {} times its speed{again}", file.display(), speed.0)
    }

    fn run(self: Box<Self>, sender: SampleSender, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            stop.run_until_cancelled(player::play(&self.settings, sender)).await;
        })
    }
}
