//! Automatic calibration: the first steady second of faces becomes the neutral head.

use super::{Calibration, NeutralMean};
use crate::sample::Head;

/// Seconds of a steady face whose mean becomes the neutral head.
const STEADY_TIME: f64 = 1.0;

/// Degrees that a steady head stays within of its mean, about each axis.
const STEADY_DEG: f64 = 5.0;

/// Seconds after the first face in which a steady one is waited for; then the calibration stays as it is, so that the
/// puppet does not change its bearing in the middle of a performance.
const PATIENCE: f64 = 10.0;

/// A calibration in progress.
///
/// At first the neutral head is the mean of the faces so far. If the head turns out not to be steady, that mean stays
/// until a second of steady faces has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct AutoCalibration {
    first: Option<f64>,
    since: f64,
    mean: NeutralMean,
    strayed: bool,
}

/// What one more face means for an automatic calibration.
#[derive(Clone, Copy, Debug, Default)]
pub struct AutoStep {
    /// The neutral head from now on, if it changed.
    pub calibration: Option<Calibration>,
    /// Whether the change is a jump rather than a drift.
    pub jumped: bool,
    /// Whether this is the end of the calibration.
    pub done: bool,
}

impl AutoCalibration {
    /// Takes one more face at `now`, in seconds.
    pub fn take(&mut self, head: &Head, now: f64) -> AutoStep {
        if now - *self.first.get_or_insert(now) >= PATIENCE {
            return AutoStep { done: true, ..AutoStep::default() };
        }
        let strays = |mean: Calibration| mean.relative(head).rotation_deg.iter().any(|angle| angle.abs() > STEADY_DEG);
        match self.mean.calibration() {
            None => self.since = now,
            Some(mean) if strays(mean) => {
                (self.since, self.mean, self.strayed) = (now, NeutralMean::default(), true);
            }
            Some(_) => {}
        }
        self.mean.add(head);
        let done = now - self.since >= STEADY_TIME;
        let calibration = self.mean.calibration().filter(|_| done || !self.strayed);
        AutoStep { calibration, jumped: self.strayed && calibration.is_some(), done }
    }
}
