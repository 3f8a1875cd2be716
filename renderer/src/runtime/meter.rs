//! Measures how fast the puppet is.

use std::time::Duration;

/// Counts steps and frames, and how many steps a second there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    steps: u64,
    frames: u64,
    student: Duration,
    rate: f64,
    since: f64,
    counted: u64,
}

impl Meter {
    /// Notes a step at `now`, in seconds.
    pub(super) fn stepped(&mut self, now: f64) {
        self.steps += 1;
        let window = now - self.since;
        if window >= 1.0 {
            self.rate = (self.steps - self.counted) as f64 / window;
            (self.since, self.counted) = (now, self.steps);
        }
    }

    /// Notes that a frame was drawn, which took `cost`.
    pub(super) fn drew(&mut self, cost: Duration) {
        self.frames += 1;
        self.student = cost;
    }

    /// Steps so far.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// Frames drawn so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Steps a second, over the last whole second.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// Milliseconds that the last frame took.
    pub(super) fn student_ms(&self) -> f64 {
        self.student.as_secs_f64() * 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_second() {
        let mut meter = Meter::default();
        for step in 1..=120 {
            meter.stepped(step as f64 / 60.0);
        }
        assert!((meter.rate() - 60.0).abs() < 1.0, "{}", meter.rate());
        for step in 1..=30 {
            meter.stepped(2.0 + step as f64 / 10.0);
        }
        assert!((meter.rate() - 10.0).abs() < 0.5, "{}", meter.rate());
    }
}
