//! The registry: every capture source, found by name.

pub(crate) mod spec;

use crate::{SourceError, SourceInfo, Surroundings, idle, ifacialmocap, mediapipe, mouse, process, replay};
use bunraku_core::{source::CaptureSource, suggest::nearest};
use spec::SourceSpec;

/// All capture sources, in display order.
pub fn registry() -> &'static [SourceInfo] {
    &[idle::INFO, mouse::INFO, replay::INFO, process::INFO, ifacialmocap::INFO, mediapipe::INFO]
}

/// Creates the source that `spec` names, ready to run. Cameras, ports and phones are opened only when it runs.
///
/// # Errors
/// The source is unknown, or a setting is unknown, missing or invalid.
pub fn open(spec: &SourceSpec, surroundings: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    SourceInfo::find(&spec.name)?.open(&spec.settings, surroundings)
}

impl SourceInfo {
    /// The entry of the source `name`.
    ///
    /// # Errors
    /// No source has this name; the error suggests the nearest.
    pub fn find(name: &str) -> Result<&'static Self, SourceError> {
        Self::find_in(registry(), name)
    }

    pub(crate) fn find_in<'a>(sources: &'a [Self], name: &str) -> Result<&'a Self, SourceError> {
        sources.iter().find(|info| info.name == name).ok_or_else(|| {
            let names = || sources.iter().map(|info| info.name);
            SourceError::UnknownSource {
                name: name.to_owned(),
                nearest: nearest(name, names()).map(str::to_owned),
                known: names().collect::<Vec<_>>().join(", "),
            }
        })
    }
}

#[cfg(test)]
mod tests;
