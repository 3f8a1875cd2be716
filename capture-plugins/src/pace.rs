//! The steady rate of sources that generate their own samples.

use serde::{Deserialize, Deserializer, de::Error as _};
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// Samples a second, from 1 to 240.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(f64);

impl Default for Rate {
    fn default() -> Self {
        Self(60.0)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let rate = f64::deserialize(from)?;
        match rate {
            1.0..=240.0 => Ok(Self(rate)),
            _ => Err(D::Error::custom(format!("invalid rate {rate}: expected 1 to 240 samples a second"))),
        }
    }
}

/// A regular beat; missed beats are skipped, not made up for.
pub(crate) struct Pace {
    interval: Interval,
    started: Instant,
    last: f64,
}

/// One beat.
#[derive(Clone, Copy)]
pub(crate) struct Beat {
    /// When it was due, in seconds since the first beat; a multiple of the period.
    pub(crate) time: f64,
    /// Seconds since the previous beat.
    pub(crate) since_last: f64,
}

impl Pace {
    /// The first beat is due now.
    pub(crate) fn new(rate: Rate) -> Self {
        let started = Instant::now();
        let mut interval = tokio::time::interval_at(started, Duration::from_secs_f64(1.0 / rate.0));
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self { interval, started, last: 0.0 }
    }

    /// Waits for the next beat.
    pub(crate) async fn next(&mut self) -> Beat {
        let time = (self.interval.tick().await - self.started).as_secs_f64();
        let beat = Beat { time, since_last: time - self.last };
        self.last = time;
        beat
    }
}
