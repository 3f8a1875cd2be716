//! When the show takes its next step: at once for a new sample, but never more often than the frame rate.

use std::time::{Duration, Instant};

/// A sample stream is running while its samples are no further apart than this.
const STREAM_GAP: Duration = Duration::from_millis(200);

/// Spaces steps by the frame rate and keeps them in phase with the samples.
///
/// A step that only the clock asks for waits half a period longer while samples arrive: a sample that comes a moment
/// later would otherwise wait for a whole period. A step for a sample may come up to half a period early, and the ones
/// after it are later for that, so the rate holds on average.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    period: Duration,
    last: Option<Instant>,
    /// When the next step keeps the rate.
    allowed: Instant,
    sample: Option<Instant>,
}

impl Pace {
    /// At most `fps` steps a second, from `now` on.
    pub(super) fn new(fps: f64, now: Instant) -> Self {
        Self { period: Duration::from_secs_f64(1.0 / fps.max(0.1)), last: None, allowed: now, sample: None }
    }

    /// The time between two steps.
    pub(super) fn period(&self) -> Duration {
        self.period
    }

    /// Notes that a sample arrived.
    pub(super) fn sampled(&mut self, now: Instant) {
        self.sample = Some(now);
    }

    /// Notes that a step began.
    pub(super) fn stepped(&mut self, now: Instant) {
        self.allowed = self.allowed.max(now) + self.period;
        self.last = Some(now);
    }

    /// The earliest moment of the next step.
    pub(super) fn earliest(&self) -> Instant {
        self.allowed.checked_sub(self.period / 2).unwrap_or(self.allowed)
    }

    /// The moment of the next step if nothing new arrives.
    pub(super) fn latest(&self) -> Instant {
        let Some(last) = self.last else { return self.allowed };
        let streaming = self.sample.is_some_and(|sample| last.saturating_duration_since(sample) < STREAM_GAP);
        let wait = if streaming { self.period * 3 / 2 } else { self.period };
        self.allowed.max(last + wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Runs `steps` steps with a sample every `gap`; returns the time they took and the longest wait of a sample.
    fn run(fps: f64, gap: Duration, steps: usize) -> (Duration, Duration) {
        let start = Instant::now();
        let mut pace = Pace::new(fps, start);
        let (mut now, mut next_sample, mut worst) = (start, start + gap, Duration::ZERO);
        for _ in 0..steps {
            pace.stepped(now);
            let step = if next_sample <= pace.latest() {
                worst = worst.max(pace.earliest().saturating_duration_since(next_sample));
                next_sample.max(pace.earliest())
            } else {
                pace.latest()
            };
            while next_sample <= step {
                pace.sampled(next_sample);
                next_sample += gap;
            }
            now = step;
        }
        (now - start, worst)
    }

    #[test]
    fn steps_never_come_more_often_than_the_rate_on_average() {
        for gap in [1, 3, 8, 10, 16, 17, 33, 100, 5000] {
            let (took, _) = run(100.0, MS * gap, 1000);
            assert!(took >= MS * 9_980, "1000 steps at 100 a second took {took:?} with samples every {gap} ms");
        }
    }

    #[test]
    fn a_sample_at_the_rate_or_slower_waits_for_nothing() {
        for gap in [10, 11, 17, 34] {
            let (_, worst) = run(100.0, MS * gap, 1000);
            assert!(worst <= MS * 5, "a sample waited {worst:?} with samples every {gap} ms");
        }
        let (_, worst) = run(100.0, MS * 10, 1000);
        assert_eq!(worst, Duration::ZERO);
    }

    #[test]
    fn without_samples_the_clock_keeps_the_rate() {
        let (took, _) = run(50.0, Duration::from_hours(1), 100);
        assert_eq!(took, MS * 2000);
    }
}
