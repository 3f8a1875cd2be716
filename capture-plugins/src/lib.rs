//! Where face samples come from: one folder a capture source, and the registry that finds them by name.
//!
//! A new source is a folder with a settings struct, a [`CaptureSource`](bunraku_core::source::CaptureSource) and an
//! `INFO`, plus that `INFO`'s line in [`registry()`].

mod backoff;
pub mod ifacialmocap;
mod pointer;
mod registry;
#[cfg(test)]
mod testing;

pub use pointer::{Pointer, Surroundings};
pub use registry::{
    info::{SettingInfo, SourceInfo},
    settings::{SettingValue, Settings},
    spec::SourceSpec,
    {SourceError, open, registry},
};
