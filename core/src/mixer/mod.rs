//! The mixer: which source drives which part of the face, and how one takes over from another.
//!
//! All sources run all the time, so that a change is only one of weights, and a source that takes over is warm. The mixer
//! is driven by [`Mixer::tick`] alone: samples count from the tick that found them, and no other clock is read.

mod fade;
mod health;
mod input;
mod layer;
mod preparation;
mod settings;
mod status;
#[cfg(test)]
mod tests;

use crate::{
    channel::{CHANNEL_COUNT, Channel, Channels},
    face_state::FaceState,
    suggest::{did_you_mean, nearest},
};
use fade::Fade;
pub use health::Health;
pub use input::MixerInput;
pub use settings::MixerSettings;
pub use status::{InputStatus, MixerStatus};

/// No running source has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no source `{name}` is running{}", did_you_mean(.nearest.as_deref()))]
pub struct UnknownSource {
    /// The name asked for.
    pub name: String,
    /// The running source most likely meant.
    pub nearest: Option<String>,
}

/// Holds the running sources and decides, channel by channel, whose face counts.
///
/// A channel is driven by the healthy input of highest priority that drives it: the selected one first, then the others
/// in order, the last resort after all. One that comes back takes over by itself. While an input of higher priority has
/// yet to deliver its first face, the driver so far stays. Every change is a cross-fade of weights that starts from what
/// they are at that moment, so that weights never jump, however often one fade interrupts another.
///
/// Where a source's own face jumps (its stream comes back after a gap, it is recentred, mirrored or replaced), the face
/// shown so far is kept and fades out as if it were another source's. Each input keeps one such face: a second jump waits
/// until the first has faded, and the face shown rests for so long.
pub struct Mixer {
    settings: MixerSettings,
    inputs: Vec<MixerInput>,
    selected: usize,
    fades: [Fade; CHANNEL_COUNT],
    state: FaceState,
    now: f64,
}

impl Mixer {
    /// A mixer without sources: its face state is empty.
    pub fn new(settings: MixerSettings) -> Self {
        Self {
            settings,
            inputs: Vec::new(),
            selected: 0,
            fades: [Fade::default(); CHANNEL_COUNT],
            state: FaceState::default(),
            now: f64::NEG_INFINITY,
        }
    }

    /// Adds an input after all others and gives its index. The first one added is the selected one.
    pub fn add(&mut self, input: MixerInput) -> usize {
        self.inputs.push(input);
        // An input has at most two faces: room for all, so that no tick allocates.
        let room = 2 * self.inputs.len();
        self.state.faces.reserve(room.saturating_sub(self.state.faces.len()));
        self.inputs.len() - 1
    }

    /// Puts another source in the place of input `index`; false, and nothing changed, if there is no such input. The face
    /// shown so far stays until the new source delivers, and then fades out.
    pub fn replace(&mut self, index: usize, mut input: MixerInput) -> bool {
        let Some(place) = self.inputs.get_mut(index) else { return false };
        input.take_over(place);
        *place = input;
        true
    }

    /// The name of input `index`, or nothing if there is none.
    pub fn name(&self, index: usize) -> &str {
        self.inputs.get(index).map_or("", MixerInput::name)
    }

    /// The index of the input `name`, or none.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|input| input.name() == name)
    }

    /// Selects input `index`: it goes first in every channel it drives. False, and nothing changed, if there is none.
    pub fn select(&mut self, index: usize) -> bool {
        let known = index < self.inputs.len();
        if known {
            self.selected = index;
        }
        known
    }

    /// Selects the input `name`.
    ///
    /// # Errors
    /// When no input has that name; nothing changed then.
    pub fn select_name(&mut self, name: &str) -> Result<(), UnknownSource> {
        let Some(index) = self.index_of(name) else {
            let nearest = nearest(name, self.inputs.iter().map(MixerInput::name)).map(str::to_owned);
            return Err(UnknownSource { name: name.to_owned(), nearest });
        };
        self.selected = index;
        Ok(())
    }

    /// Takes the present head of the source that drives the head as the neutral one. Whether there was one.
    pub fn recentre(&mut self) -> bool {
        self.driver(Channel::Head).and_then(|index| self.inputs.get_mut(index)).is_some_and(MixerInput::recentre)
    }

    /// The index of the input that drives `channel`, or none before its first face.
    pub fn driver(&self, channel: Channel) -> Option<usize> {
        self.fades[channel as usize].target
    }

    /// The channels that input `index` drives now.
    pub fn driven_by(&self, index: usize) -> Channels {
        let driven = Channel::ALL.into_iter().filter(|&channel| self.driver(channel) == Some(index));
        driven.fold(Channels::NONE, Channels::with)
    }

    /// The index of the input that was selected, or none without inputs.
    pub fn selected(&self) -> Option<usize> {
        Some(self.selected).filter(|&index| index < self.inputs.len())
    }

    /// The name of the input that was selected, or none without inputs.
    pub fn selected_name(&self) -> Option<&str> {
        self.inputs.get(self.selected).map(MixerInput::name)
    }

    /// Looks at every source and gives the face at `now`: seconds on any clock that does not go back (if it does, it is
    /// taken to stand). Allocates nothing and never blocks.
    ///
    /// A performer may work on the state in place; the next tick fills it again.
    pub fn tick(&mut self, now: f64) -> &mut FaceState {
        if now.is_finite() {
            self.now = self.now.max(now);
        } else if !self.now.is_finite() {
            self.now = 0.0;
        }
        for input in &mut self.inputs {
            input.receive(&self.settings, self.now);
        }
        self.advance();
        for channel in Channel::ALL {
            let driver = self.next_driver(channel);
            if driver != self.driver(channel) {
                self.restart(channel, driver);
            }
        }
        for index in 0..self.inputs.len() {
            if self.inputs[index].show_newest() {
                for channel in self.driven_by(index).iter() {
                    self.restart(channel, Some(index));
                }
            }
        }
        self.fill()
    }

    /// The face of the last tick.
    pub fn face_mut(&mut self) -> &mut FaceState {
        &mut self.state
    }

    /// Brings every share to this moment.
    fn advance(&mut self) {
        for channel in Channel::ALL {
            let fade = &mut self.fades[channel as usize];
            let done = fade.advance(self.settings.fade, self.now);
            for (index, input) in self.inputs.iter_mut().enumerate() {
                input.advance(channel, done, fade.target == Some(index));
            }
        }
    }

    /// Has `channel` fade from its shares at this moment to `driver`.
    fn restart(&mut self, channel: Channel, driver: Option<usize>) {
        self.fades[channel as usize].begin(driver, self.now);
        for input in &mut self.inputs {
            input.restart(channel);
        }
        if self.settings.fade <= 0.0 {
            self.advance();
        }
    }

    /// Which input is to drive `channel`, given what has arrived.
    fn next_driver(&self, channel: Channel) -> Option<usize> {
        let now = self.driver(channel).filter(|&index| self.drives(index, channel));
        for index in self.priorities(channel) {
            match self.health(index) {
                Health::Healthy => return Some(index),
                Health::Waiting if now.is_none_or(|now| now == index || self.health(now) == Health::Healthy) => {
                    return now;
                }
                _ => {}
            }
        }
        // If no input is fit, the last driver holds its last face.
        now
    }

    /// The inputs that may drive `channel`, in the order of their priority.
    fn priorities(&self, channel: Channel) -> impl Iterator<Item = usize> {
        let others = move |last: bool| {
            (0..self.inputs.len())
                .filter(move |&index| index != self.selected && self.inputs[index].is_last_resort() == last)
        };
        let order = self.selected().into_iter().chain(others(false)).chain(others(true));
        order.filter(move |&index| self.drives(index, channel))
    }

    fn drives(&self, index: usize, channel: Channel) -> bool {
        self.inputs[index].channels().contains(channel)
    }

    fn health(&self, index: usize) -> Health {
        self.inputs[index].health(&self.settings, self.now)
    }

    /// Puts every face that has a share into the state.
    fn fill(&mut self) -> &mut FaceState {
        self.state.breath = None;
        self.state.faces.clear();
        for (index, input) in self.inputs.iter().enumerate() {
            self.state.faces.extend(input.layers().into_iter().filter_map(|layer| layer.to_source_face(index)));
        }
        &mut self.state
    }
}
