//! The face state: what the mixer made of all sources, before any avatar maps it to its own parameters.

use crate::{
    channel::{CHANNEL_COUNT, Channel},
    profile::Profile,
    sample::FaceSample,
};

/// One source's part of a face state.
///
/// A source may have two at a time: its present face, and one that fades out after its stream jumped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceFace {
    /// The source's place in the mixer.
    pub source: usize,
    /// Which unbroken run of the source's samples this belongs to: another one after a jump. With `source` it tells
    /// whether two states' faces continue each other.
    pub run: u32,
    /// How its samples become poses.
    pub profile: Profile,
    /// Whether the sample is the source's own mirrored: a mapping whose settings have a left and a right means the
    /// source's.
    pub mirrored: bool,
    /// Its newest sample in which a face was seen, calibrated and, if so, mirrored.
    pub sample: FaceSample,
    /// Its share of each channel, 0 to 1, indexed by [`Channel`]. Over all faces a channel's shares add up to 1, or to
    /// less while the channel's first source fades in: the rest is a neutral face.
    pub weights: [f32; CHANNEL_COUNT],
}

impl SourceFace {
    /// A face that has every channel to itself.
    pub fn whole(profile: Profile, sample: FaceSample) -> Self {
        Self { source: 0, run: 0, profile, mirrored: false, sample, weights: [1.0; CHANNEL_COUNT] }
    }
}

/// Everything that is known of the face at one moment, for an avatar to map.
///
/// Kept and refilled from frame to frame: in the steady state nothing is allocated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaceState {
    /// The faces that count: those with a share of any channel.
    pub faces: Vec<SourceFace>,
    /// The breath, 0 (out) to 1 (in), or none where the avatar is not to breathe by itself.
    pub breath: Option<f32>,
}

impl FaceState {
    /// The state in which `sample` is all there is.
    pub fn of(profile: Profile, sample: FaceSample) -> Self {
        Self { faces: vec![SourceFace::whole(profile, sample)], breath: None }
    }

    /// The sum of the shares of `channel`: 1, or less until the first source that drives it has faded in.
    pub fn coverage(&self, channel: Channel) -> f32 {
        self.faces.iter().map(|face| face.weights[channel as usize]).sum()
    }
}
