//! The switchboard: which source moves the character, and how one takes over from another.
//!
//! All sources run and are mapped all the time, so that a switch is only a change of which pose is shown. It is driven
//! by [`Switchboard::tick`] alone: samples count from the tick that found them, and no other clock is read.

mod fade;
mod slot;
mod status;
#[cfg(test)]
mod tests;
mod watch;

use crate::{pose::Pose, suggest::nearest};
use fade::Fade;
use serde::{Deserialize, Serialize};
pub use slot::Slot;
pub use status::{SlotStatus, Status};
pub use watch::Health;

/// When sources take over from each other. All times in seconds, none negative; `.inf` turns a rule
/// off, and only the fade must be finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwitchboardSettings {
    /// How long a cross-fade takes.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub fade: f64,
    /// How long nothing may arrive from a source.
    #[serde(deserialize_with = "crate::bounds::not_negative")]
    pub stale_after: f64,
    /// How long a source may see no face.
    #[serde(deserialize_with = "crate::bounds::not_negative")]
    pub lost_after: f64,
    /// How long a source's samples may be equal to the last bit.
    #[serde(deserialize_with = "crate::bounds::not_negative")]
    pub frozen_after: f64,
}

impl Default for SwitchboardSettings {
    fn default() -> Self {
        Self { fade: 0.2, stale_after: 1.0, lost_after: 2.0, frozen_after: 10.0 }
    }
}

/// There is no source of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no source `{name}` is running{}", .nearest.as_ref().map_or_else(String::new, |near| format!(": did you mean `{near}`?")))]
pub struct UnknownSource {
    /// The name asked for.
    pub name: String,
    /// The running source most likely meant.
    pub nearest: Option<String>,
}

/// Holds the running sources and decides whose pose is shown.
///
/// The chosen source is shown while it is healthy. When it is not, the next healthy one in order takes over, the last
/// resort after all others, and the chosen one comes back by itself. Before a newly started source has delivered,
/// whatever was live stays. Every change is a cross-fade that starts from the pose shown at that moment.
pub struct Switchboard {
    settings: SwitchboardSettings,
    slots: Vec<Slot>,
    chosen: usize,
    live: Option<usize>,
    fade: Option<Fade>,
    shown: Pose,
    now: f64,
}

impl Switchboard {
    /// A switchboard without sources: the pose is at rest.
    pub fn new(settings: SwitchboardSettings) -> Self {
        Self {
            settings,
            slots: Vec::new(),
            chosen: 0,
            live: None,
            fade: None,
            shown: Pose::default(),
            now: f64::NEG_INFINITY,
        }
    }

    /// Adds a source after all others and gives its index. The first one added is the chosen one.
    pub fn add(&mut self, slot: Slot) -> usize {
        self.slots.push(slot);
        self.slots.len() - 1
    }

    /// Puts another source in the place of slot `index` and gives back the old one; none, and nothing changed, if there
    /// is no such slot. What was shown stays until the new one delivers.
    pub fn replace(&mut self, index: usize, slot: Slot) -> Option<Slot> {
        let place = self.slots.get_mut(index)?;
        self.live = self.live.filter(|&live| live != index);
        Some(std::mem::replace(place, slot))
    }

    /// Takes slot `index` out, or none if there is no such slot. If it was chosen, the one that took its place is now.
    pub fn remove(&mut self, index: usize) -> Option<Slot> {
        if index >= self.slots.len() {
            return None;
        }
        let slot = self.slots.remove(index);
        if self.chosen > index || self.chosen == self.slots.len() {
            self.chosen = self.chosen.saturating_sub(1);
        }
        self.live = self.live.filter(|&live| live != index).map(|live| if live > index { live - 1 } else { live });
        Some(slot)
    }

    /// All slots, in order.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The index of the slot `name`, or none.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.slots.iter().position(|slot| slot.name() == name)
    }

    /// Chooses slot `index`; false, and nothing changed, if there is no such slot.
    pub fn select(&mut self, index: usize) -> bool {
        let known = index < self.slots.len();
        if known {
            self.chosen = index;
        }
        known
    }

    /// Chooses the slot `name`.
    ///
    /// # Errors
    /// When no slot has that name; nothing changed then.
    pub fn select_name(&mut self, name: &str) -> Result<(), UnknownSource> {
        let Some(index) = self.index_of(name) else {
            let nearest = nearest(name, self.slots.iter().map(Slot::name)).map(str::to_owned);
            return Err(UnknownSource { name: name.to_owned(), nearest });
        };
        self.chosen = index;
        Ok(())
    }

    /// Takes the live source's present head as the neutral one. Whether there was one.
    pub fn recentre(&mut self) -> bool {
        let centred = self.live.and_then(|live| self.slots.get_mut(live)).is_some_and(Slot::recentre);
        if centred {
            self.fade_from_here();
        }
        centred
    }

    /// Shows slot `index` as in a looking glass, or no longer; false if there is no such slot.
    pub fn set_mirror(&mut self, index: usize, mirror: bool) -> bool {
        self.change(index, |slot| slot.set_mirror(mirror))
    }

    fn change(&mut self, index: usize, change: impl FnOnce(&mut Slot)) -> bool {
        let Some(slot) = self.slots.get_mut(index) else { return false };
        change(slot);
        if self.live == Some(index) {
            self.fade_from_here();
        }
        true
    }

    /// The settings in use.
    pub fn settings(&self) -> &SwitchboardSettings {
        &self.settings
    }

    /// The name of the source that is shown, or none before the first face.
    pub fn live_name(&self) -> Option<&str> {
        self.live.and_then(|live| self.slots.get(live)).map(Slot::name)
    }

    /// The name of the source that was asked for, or none without sources.
    pub fn chosen_name(&self) -> Option<&str> {
        self.slots.get(self.chosen).map(Slot::name)
    }

    /// Looks at every source and gives the pose to show at `now`: seconds on any clock that does not go back (if it
    /// does, it is taken to stand). In range and finite. Allocates nothing and never blocks.
    pub fn tick(&mut self, now: f64) -> Pose {
        if now.is_finite() {
            self.now = self.now.max(now);
        } else if !self.now.is_finite() {
            self.now = 0.0;
        }
        let (now, live, stale_after) = (self.now, self.live, self.settings.stale_after);
        let mut jumped = false;
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let resumed = slot.receive(stale_after, now);
            jumped |= resumed && live == Some(index);
        }
        self.live = self.next_live();
        if jumped || self.live != live {
            self.fade_from_here();
        }
        self.shown = self.pose_shown();
        self.shown
    }

    /// Who is to be live, given what has arrived.
    fn next_live(&self) -> Option<usize> {
        let health = |index: usize| self.slots.get(index).map(|slot| slot.health(&self.settings, self.now));
        let is_healthy = |index: &usize| health(*index) == Some(Health::Healthy);
        let waiting = health(self.chosen) == Some(Health::Waiting);
        if is_healthy(&self.chosen) {
            return Some(self.chosen);
        }
        if waiting && self.live.is_none_or(|live| is_healthy(&live)) {
            return self.live;
        }
        let order = || (0..self.slots.len()).filter(is_healthy);
        let stand_in = order().find(|&index| !self.slots[index].is_last_resort());
        // With nobody fit, whoever was live holds the last pose.
        stand_in.or_else(|| order().next()).or(self.live)
    }

    fn fade_from_here(&mut self) {
        self.fade = Some(Fade::new(self.shown, self.now));
    }

    fn pose_shown(&mut self) -> Pose {
        let Some(target) = self.live.and_then(|live| self.slots[live].pose()) else { return self.shown };
        let on_the_way = self.fade.and_then(|fade| fade.toward(&target, self.settings.fade, self.now));
        if on_the_way.is_none() {
            self.fade = None;
        }
        on_the_way.unwrap_or(target)
    }

    /// A read-out as of the last tick. Allocates: for people and programs, not for every frame.
    pub fn status(&self) -> Status {
        Status {
            chosen: self.chosen_name().map(str::to_owned),
            live: self.live_name().map(str::to_owned),
            fading: self.fade.is_some(),
            slots: self.slots.iter().map(|slot| self.slot_status(slot)).collect(),
        }
    }

    fn slot_status(&self, slot: &Slot) -> SlotStatus {
        let watch = slot.watch();
        SlotStatus {
            name: slot.name().to_owned(),
            state: slot.receiver().state(),
            health: slot.health(&self.settings, self.now),
            age: watch.and_then(|watch| watch.age(self.now)),
            rate: watch.map_or(0.0, watch::Watch::rate),
            skipped: slot.receiver().skipped(),
            timing: slot.receiver().timing(),
            mirrored: slot.is_mirrored(),
        }
    }
}
