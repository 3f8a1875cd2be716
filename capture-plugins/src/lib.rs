//! Capture sources, one folder each, and the registry that finds them by name.
//!
//! To add a source, write a folder with its settings struct, its [`CaptureSource`](bunraku_core::source::CaptureSource),
//! its profile and its `INFO`, then add that `INFO` to [`registry()`]. Nothing outside the folder knows a source by name.

mod backoff;
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
pub mod recording;
mod registry;
pub mod replay;
#[cfg(test)]
mod testing;

pub use lines::{LINE_LIMIT, LineError, LineReport, parse_line};
pub use pointer::{Pointer, Surroundings};
pub use preview::{Preview, PreviewPicture};
pub use registry::{
    info::{SettingInfo, SourceInfo},
    settings::{SettingValue, Settings},
    spec::SourceSpec,
    {SourceError, open, registry},
};
