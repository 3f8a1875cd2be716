//! The channels of a face: the parts that different capture sources may drive at the same time.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Number of channels.
pub const CHANNEL_COUNT: usize = 6;

/// A part of the face or body that one source drives at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(usize)]
pub enum Channel {
    /// How the head is turned and tilted.
    Head,
    /// Where the eyes look.
    Gaze,
    /// Eyelids and irises' size.
    Eyes,
    /// Eyebrows.
    Brows,
    /// Mouth, jaw, cheeks and tongue.
    Mouth,
    /// The upper body.
    Torso,
}

impl Channel {
    /// All channels, in order.
    pub const ALL: [Self; CHANNEL_COUNT] = [Self::Head, Self::Gaze, Self::Eyes, Self::Brows, Self::Mouth, Self::Torso];

    /// The name in settings and read-outs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Gaze => "gaze",
            Self::Eyes => "eyes",
            Self::Brows => "brows",
            Self::Mouth => "mouth",
            Self::Torso => "torso",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of channels, written `head+mouth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Channels(u8);

impl Channels {
    /// Every channel.
    pub const ALL: Self = Self((1 << CHANNEL_COUNT) - 1);

    /// No channel.
    pub const NONE: Self = Self(0);

    /// The set of `channels`.
    pub const fn of(channels: &[Channel]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < channels.len() {
            bits |= channels[i].bit();
            i += 1;
        }
        Self(bits)
    }

    /// The set and `channel`.
    #[must_use]
    pub const fn with(self, channel: Channel) -> Self {
        Self(self.0 | channel.bit())
    }

    /// Whether `channel` is in the set.
    pub const fn contains(self, channel: Channel) -> bool {
        self.0 & channel.bit() != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The channels in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The channels of the set, in order.
    pub fn iter(self) -> impl Iterator<Item = Channel> {
        Channel::ALL.into_iter().filter(move |&channel| self.contains(channel))
    }
}

impl Default for Channels {
    /// Every channel.
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, channel) in self.iter().enumerate() {
            if index > 0 {
                f.write_str("+")?;
            }
            channel.fmt(f)?;
        }
        Ok(())
    }
}

/// Text that is not a set of channels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown channel `{0}`: expected head, gaze, eyes, brows, mouth and torso, joined by `+`")]
pub struct ChannelError(String);

impl FromStr for Channels {
    type Err = ChannelError;

    fn from_str(text: &str) -> Result<Self, ChannelError> {
        text.split('+').try_fold(Self::NONE, |set, name| {
            let name = name.trim();
            let channel = Channel::ALL.into_iter().find(|channel| channel.name() == name);
            channel.map(|channel| set.with(channel)).ok_or_else(|| ChannelError(name.to_owned()))
        })
    }
}

impl TryFrom<String> for Channels {
    type Error = ChannelError;

    fn try_from(text: String) -> Result<Self, ChannelError> {
        text.parse()
    }
}

impl From<Channels> for String {
    fn from(channels: Channels) -> Self {
        channels.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_as_they_are_written() {
        let set: Channels = "mouth+head".parse().expect("two channels");
        assert_eq!(set, Channels::of(&[Channel::Head, Channel::Mouth]));
        assert_eq!(set.to_string(), "head+mouth");
        assert_eq!(Channels::ALL.to_string().parse(), Ok(Channels::ALL));
        for text in ["", "nose", "head+", "head,mouth"] {
            let error = text.parse::<Channels>().expect_err(text).to_string();
            assert!(error.contains("torso"), "{error}");
        }
    }
}
