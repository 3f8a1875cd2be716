//! When sources take over from each other, as settings.

use serde::{Deserialize, Serialize};

/// When sources take over from each other. All times in seconds; `.inf` turns a rule off. The fade is finite, and 0
/// for a cut.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixerSettings {
    /// How long a cross-fade takes.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub fade: f64,
    /// How long nothing may arrive from a source.
    #[serde(deserialize_with = "crate::bounds::positive")]
    pub stale_after: f64,
    /// How long a source may see no face.
    #[serde(deserialize_with = "crate::bounds::positive")]
    pub lost_after: f64,
    /// How long a source's samples may be equal to the last bit.
    #[serde(deserialize_with = "crate::bounds::positive")]
    pub frozen_after: f64,
}

impl Default for MixerSettings {
    fn default() -> Self {
        Self { fade: 0.2, stale_after: 1.0, lost_after: 2.0, frozen_after: 10.0 }
    }
}
