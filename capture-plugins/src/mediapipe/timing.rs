//! What a picture takes, part by part.

use std::time::{Duration, Instant};

/// Times of one picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Looking for faces, which is not needed while one is followed.
    pub detector: Duration,
    /// Landmarks of all faces, their cutting out included.
    pub landmarks: Duration,
    /// Smoothing and the place of the head.
    pub geometry: Duration,
    /// Scores of expression.
    pub blendshapes: Duration,
    /// All together.
    pub total: Duration,
}

/// Divides the time that passes between the parts.
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

    /// Adds what has passed since the last lap to a part.
    pub(crate) fn lap(&mut self, part: impl FnOnce(&mut Timings) -> &mut Duration) {
        let now = Instant::now();
        *part(&mut self.timings) += now - self.last;
        self.last = now;
    }

    /// The times, at the end.
    pub(crate) fn stop(mut self) -> Timings {
        self.timings.total = self.begun.elapsed();
        self.timings
    }
}
