//! Decides when the puppet takes its next step: at once for a new sample, at the frame rate on average.

use std::time::{Duration, Instant};

/// A sample stream is running while its samples are no further apart than this.
const STREAM_GAP: Duration = Duration::from_millis(200);

/// How much faster than the frame rate samples may drive the steps: the clocks of a phone and of a display that mean the
/// same rate differ by less, and a sample of the faster one would wait ever longer, up to a whole period.
const DRIFT: f64 = 1.02;

/// Spaces steps by the frame rate and keeps them in phase with the samples.
///
/// A sample is drawn at once: only half a period after a step for another sample, and only while the steps keep the rate
/// on average (a bucket that holds one step more than the rate gives, and fills at [`DRIFT`] times the rate). The clock
/// fills gaps: while samples arrive its steps wait half a period longer, since a sample may come a moment later. So a
/// stream whose rate is at most the frame rate waits for nothing; one that is faster waits for less than a period.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    period: Duration,
    last: Option<Instant>,
    /// Whether a sample asked for the last step.
    for_sample: bool,
    /// When the bucket is full again.
    allowed: Instant,
    sample: Option<Instant>,
}

impl Pace {
    /// At most `fps` steps a second, from `now` on.
    pub(super) fn new(fps: f64, now: Instant) -> Self {
        let period = Duration::from_secs_f64(1.0 / fps.max(0.1));
        Self { period, last: None, for_sample: false, allowed: now, sample: None }
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
        self.for_sample = self.sample > self.last;
        self.allowed = self.allowed.max(now) + self.period.div_f64(DRIFT);
        self.last = Some(now);
    }

    /// The earliest moment of a step for a sample.
    pub(super) fn earliest(&self) -> Instant {
        let spared = self.allowed.checked_sub(self.period).unwrap_or(self.allowed);
        match self.last {
            Some(last) if self.for_sample => spared.max(last + self.period / 2),
            _ => spared,
        }
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

    /// Runs `steps` steps with a sample every `gap`, up to `jitter` late; returns the time they took and how long the
    /// samples that were drawn had waited, in ascending order.
    fn run(fps: f64, gap: Duration, jitter: Duration, steps: usize) -> (Duration, Vec<Duration>) {
        let start = Instant::now();
        let mut pace = Pace::new(fps, start);
        // Golden-ratio steps spread the lateness evenly.
        let arrival = |n: u32| start + gap * n + jitter.mul_f64((f64::from(n) * 0.618_034).fract());
        let (mut now, mut next, mut waits) = (start, 1, vec![]);
        for _ in 0..steps {
            pace.stepped(now);
            let mut due = pace.latest();
            let mut newest = None;
            while arrival(next) <= due {
                let sample = arrival(next);
                pace.sampled(sample.max(now));
                (newest, next) = (Some(sample), next + 1);
                due = pace.earliest().max(sample).max(now);
            }
            waits.extend(newest.map(|sample| due - sample));
            now = due;
        }
        waits.sort_unstable();
        (now - start, waits)
    }

    fn ms(time: f64) -> Duration {
        Duration::from_secs_f64(time / 1e3)
    }

    #[test]
    fn steps_never_come_more_often_than_the_rate_but_for_the_drift() {
        for gap in [1, 3, 8, 10, 16, 17, 33, 100, 5000] {
            for jitter in [0, 4] {
                let (took, _) = run(100.0, MS * gap, MS * jitter, 1000);
                let least = (MS * 9_980).div_f64(DRIFT);
                assert!(took >= least, "1000 steps at 100 a second took {took:?} with samples every {gap} ms");
            }
        }
    }

    #[test]
    fn a_phone_near_or_below_the_rate_waits_less_than_two_milliseconds() {
        for rate in [59.5, 59.94, 59.994, 60.0, 60.006, 60.5, 30.0, 29.97, 24.0, 20.0] {
            for jitter in [0.0, 2.0, 4.0] {
                let (_, waits) = run(60.0, ms(1e3 / rate), ms(jitter), 20_000);
                let p99 = waits[waits.len() * 99 / 100];
                assert!(p99 < MS * 2, "p99 is {p99:?} at {rate} Hz and {jitter} ms of jitter");
            }
        }
    }

    #[test]
    fn a_stream_faster_than_the_rate_waits_less_than_a_period() {
        let (_, waits) = run(60.0, ms(1e3 / 120.0), MS, 20_000);
        assert!(waits[waits.len() - 1] < ms(1e3 / 60.0), "{:?}", waits[waits.len() - 1]);
    }

    #[test]
    fn without_samples_the_clock_keeps_the_rate() {
        let (took, _) = run(50.0, Duration::from_hours(1), Duration::ZERO, 100);
        assert_eq!(took, MS * 2000);
    }
}
