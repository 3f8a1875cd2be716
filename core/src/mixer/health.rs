//! Whether a source is fit to drive the face, judged from what arrived and when.

use super::MixerSettings;
use crate::sample::FaceSample;
use std::fmt;

/// How an input's source is doing, as the mixer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// No face has arrived yet, and it may still.
    Waiting,
    /// Faces arrive.
    Healthy,
    /// Nothing arrives any more, or never did.
    Stale,
    /// Samples arrive, but no face has been seen in them for long.
    Lost,
    /// Samples arrive, but nothing in them has changed for long: the source hangs.
    Frozen,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Healthy => "healthy",
            Self::Stale => "stale",
            Self::Lost => "no face",
            Self::Frozen => "frozen",
        })
    }
}

/// A record of what arrived from a source, on the mixer's clock (seconds).
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    /// When the wait for the source began.
    since: f64,
    /// When anything arrived last.
    received: Option<f64>,
    /// When a face arrived last.
    tracked: Option<f64>,
    /// When a sample last differed from the one before.
    changed: f64,
    last: Option<FaceSample>,
    sequence: u64,
    rate: Rate,
}

impl Watch {
    pub(super) fn new(now: f64) -> Self {
        let rate = Rate { since: now, count: 0, per_second: 0.0 };
        Self { since: now, received: None, tracked: None, changed: now, last: None, sequence: 0, rate }
    }

    /// Notes the newest sample; whether it is one not seen before.
    pub(super) fn receive(&mut self, sequence: u64, sample: &FaceSample, now: f64) -> bool {
        let new = sequence.saturating_sub(self.sequence);
        if new == 0 {
            return false;
        }
        self.sequence = sequence;
        self.rate.count += new;
        self.received = Some(now);
        if sample.tracked {
            self.tracked = Some(now);
        }
        if self.last.is_none_or(|last| !last.same_face(sample)) {
            self.changed = now;
        }
        self.last = Some(*sample);
        true
    }

    /// Keeps the count of samples a second.
    pub(super) fn tick(&mut self, now: f64) {
        self.rate.tick(now);
    }

    pub(super) fn health(&self, settings: &MixerSettings, detect_frozen: bool, now: f64) -> Health {
        if now - self.received.unwrap_or(self.since) >= settings.stale_after {
            return Health::Stale;
        }
        if now - self.tracked.unwrap_or(self.since) >= settings.lost_after {
            return Health::Lost;
        }
        if self.tracked.is_none() {
            return Health::Waiting;
        }
        if detect_frozen && now - self.changed >= settings.frozen_after { Health::Frozen } else { Health::Healthy }
    }

    /// Whether the sample received at `now` differs from the one before.
    pub(super) fn has_changed_at(&self, now: f64) -> bool {
        self.changed >= now
    }

    /// Seconds since anything arrived.
    pub(super) fn age(&self, now: f64) -> Option<f64> {
        self.received.map(|received| now - received)
    }

    /// Samples a second, over the last whole second.
    pub(super) fn rate(&self) -> f64 {
        self.rate.per_second
    }
}

/// Samples a second, counted over windows of a second.
#[derive(Clone, Copy, Debug)]
struct Rate {
    since: f64,
    count: u64,
    per_second: f64,
}

impl Rate {
    fn tick(&mut self, now: f64) {
        let window = now - self.since;
        if window >= 1.0 {
            *self = Self { since: now, count: 0, per_second: self.count as f64 / window };
        }
    }
}
