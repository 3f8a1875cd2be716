//! Where face samples come from: one folder per source, and the registry that finds them by name.
#![doc = include_str!("../README.md")]

mod backoff;
mod entry;
mod gaze;
pub mod idle;
pub mod ifacialmocap;
mod lines;
pub mod mediapipe;
pub mod mouse;
mod noise;
mod pace;
mod pointer;
mod preview;
pub mod process;
mod profiles;
pub mod recording;
mod registry;
pub mod replay;
mod surroundings;
#[cfg(test)]
mod testing;

pub use entry::{
    SourceError,
    info::{COMMON_SETTINGS, SettingInfo, SourceInfo},
    settings::{SettingValue, Settings},
};
pub use lines::{LINE_LIMIT, LineError, LineReport, parse_line};
pub use pointer::Pointer;
pub use preview::{Preview, PreviewPicture};
pub use profiles::{LineFormat, ProfileInfo, UnknownProfile, find_profile, profiles};
pub use registry::{open, registry, spec::SourceSpec};
pub use surroundings::Surroundings;
