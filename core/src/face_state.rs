//! The face state: what the mixer made of all sources, before any avatar maps it to its own parameters.

use crate::{
    channel::{CHANNEL_COUNT, Channel},
    profile::Profile,
    sample::FaceSample,
};

/// One source's part of a face state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceFace {
    /// The source's place in the mixer. It stays the same for as long as the source runs.
    pub source: usize,
    /// Whose converter suits its samples.
    pub profile: Profile,
    /// Its newest sample in which a face was seen.
    pub sample: FaceSample,
    /// Its share of each channel, 0 to 1, indexed by [`Channel`]. Over all sources a channel's shares add up to 1, or to
    /// 0 while no source has driven the channel yet.
    pub weights: [f32; CHANNEL_COUNT],
}

/// Everything that is known of the face at one moment, for an avatar to map.
///
/// Kept and refilled from frame to frame: in the steady state nothing is allocated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaceState {
    /// The sources that count: those with a share of any channel.
    pub faces: Vec<SourceFace>,
    /// The breath, 0 (out) to 1 (in), or none where the avatar is not to breathe by itself.
    pub breath: Option<f32>,
}

impl FaceState {
    /// The sum of the shares of `channel`: 1, or 0 while no source has driven it yet.
    pub fn coverage(&self, channel: Channel) -> f32 {
        self.faces.iter().map(|face| face.weights[channel as usize]).sum()
    }
}
