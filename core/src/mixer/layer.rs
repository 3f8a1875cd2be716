//! A face that the mixer gives out, and its share of each channel.

use crate::{
    channel::{CHANNEL_COUNT, Channel},
    face_state::SourceFace,
    profile::Profile,
    sample::FaceSample,
};

/// A face as a source showed it, calibrated and mirrored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    pub(super) run: u32,
    pub(super) profile: Profile,
    pub(super) mirrored: bool,
    pub(super) sample: FaceSample,
}

/// A face with its shares: what they were when each channel's fade began, and what they are now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layer {
    pub(super) face: Option<Face>,
    from: [f64; CHANNEL_COUNT],
    share: [f64; CHANNEL_COUNT],
}

impl Layer {
    /// Whether it has a share of any channel.
    pub(super) fn is_visible(&self) -> bool {
        self.share.iter().any(|&share| share > 0.0)
    }

    /// Takes the shares at this moment as those that the fade of `channel` begins from.
    pub(super) fn restart(&mut self, channel: Channel) {
        self.from[channel as usize] = self.share[channel as usize];
    }

    /// Moves its shares a part `done` of the way to 1 if it is the `target`, else to 0.
    pub(super) fn advance(&mut self, channel: Channel, done: f64, target: bool) {
        let from = &mut self.from[channel as usize];
        if done >= 1.0 {
            *from = 0.0;
        }
        self.share[channel as usize] = *from + done * (f64::from(u8::from(target)) - *from);
    }

    /// Takes `other`'s face and shares, which keeps the face but no share.
    pub(super) fn take_from(&mut self, other: &mut Self) {
        *self = *other;
        (other.from, other.share) = Default::default();
    }

    /// Its part of the face state, as that of source `source`; none without a share.
    pub(super) fn to_source_face(self, source: usize) -> Option<SourceFace> {
        let Face { run, profile, mirrored, sample } = self.face.filter(|_| self.is_visible())?;
        let weights = self.share.map(|share| share as f32);
        Some(SourceFace { source, run, profile, mirrored, sample, weights })
    }
}
