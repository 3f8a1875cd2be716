//! How long each step of tracking takes.

use std::time::{Duration, Instant};

/// The times spent on one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Face detection; zero while a face is being followed.
    pub detector: Duration,
    /// Landmarks of all faces, cropping included.
    pub landmarks: Duration,
    /// Smoothing and head placement.
    pub geometry: Duration,
    /// Expression scores.
    pub blendshapes: Duration,
    /// All of these together.
    pub total: Duration,
}

/// Measures the steps one after another.
pub(crate) struct Stopwatch {
    begun: Instant,
    last: Instant,
    timings: Timings,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        Self { begun: now, last: now, timings: Timings::default() }
    }

    /// Adds the time since the previous lap to one step.
    pub(crate) fn lap(&mut self, step: impl FnOnce(&mut Timings) -> &mut Duration) {
        let now = Instant::now();
        *step(&mut self.timings) += now - self.last;
        self.last = now;
    }

    /// Stops measuring and returns the times.
    pub(crate) fn stop(mut self) -> Timings {
        self.timings.total = self.begun.elapsed();
        self.timings
    }
}
