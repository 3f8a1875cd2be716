//! The mixer's status, for users and programs.

use super::{Health, Mixer, MixerInput, health::Watch};
use crate::{
    channel::{Channel, Channels},
    source::{SourceState, Timing},
};

/// A read-out of the mixer.
#[derive(Clone, Debug, PartialEq)]
pub struct MixerStatus {
    /// The input that was selected.
    pub selected: Option<String>,
    /// Whether a cross-fade is under way.
    pub fading: bool,
    /// All inputs, in order.
    pub inputs: Vec<InputStatus>,
}

/// A read-out of one input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputStatus {
    /// The name it is selected by.
    pub name: String,
    /// The state that the source reports.
    pub state: SourceState,
    /// Its health, as the mixer judges it.
    pub health: Health,
    /// The channels it drives now.
    pub drives: Channels,
    /// The channels it may drive.
    pub channels: Channels,
    /// Seconds since its last sample, or none before the first.
    pub age: Option<f64>,
    /// Samples a second, over the last whole second.
    pub rate: f64,
    /// Fields or packets it could not use so far.
    pub skipped: u64,
    /// The time that its newest sample took, if it computes.
    pub timing: Option<Timing>,
    /// Whether its faces are mirrored.
    pub mirrored: bool,
}

impl Mixer {
    /// A read-out as of the last tick. Allocates: for users and programs, not for every frame.
    pub fn status(&self) -> MixerStatus {
        MixerStatus {
            selected: self.selected_name().map(str::to_owned),
            fading: Channel::ALL.iter().any(|&channel| self.fades[channel as usize].is_active()),
            inputs: self.inputs.iter().enumerate().map(|(index, input)| self.input_status(index, input)).collect(),
        }
    }

    fn input_status(&self, index: usize, input: &MixerInput) -> InputStatus {
        let watch = input.watch();
        InputStatus {
            name: input.name().to_owned(),
            state: input.receiver().state(),
            health: input.health(&self.settings, self.now),
            drives: self.driven_by(index),
            channels: input.channels(),
            age: watch.and_then(|watch| watch.age(self.now)),
            rate: watch.map_or(0.0, Watch::rate),
            skipped: input.receiver().skipped(),
            timing: input.receiver().timing(),
            mirrored: input.is_mirrored(),
        }
    }
}
