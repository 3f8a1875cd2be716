//! What the switchboard says of itself, for people and programs.

use super::Health;
use crate::source::{SourceState, Timing};

/// A read-out of the switchboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The source that was asked for.
    pub chosen: Option<String>,
    /// The source that is shown: the chosen one, or what took over from it.
    pub live: Option<String>,
    /// Whether a cross-fade is under way.
    pub fading: bool,
    /// All slots, in order.
    pub slots: Vec<SlotStatus>,
}

/// A read-out of one slot.
#[derive(Clone, Debug, PartialEq)]
pub struct SlotStatus {
    /// The name it is chosen by.
    pub name: String,
    /// What the source says of itself.
    pub state: SourceState,
    /// What the switchboard sees of it.
    pub health: Health,
    /// Seconds since its last sample, or none before the first.
    pub age: Option<f64>,
    /// Samples a second, over the last whole second.
    pub rate: f64,
    /// Fields or packets it could not use so far.
    pub skipped: u64,
    /// What its newest sample took, if it computes.
    pub timing: Option<Timing>,
    /// Whether it is shown as in a looking glass.
    pub mirrored: bool,
}
