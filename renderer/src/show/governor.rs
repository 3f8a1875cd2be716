//! `--quality auto`: the best quality that keeps the frame rate.

use crate::engine::Quality;
use std::time::Duration;

/// Frames a verdict rests on.
const FRAMES: usize = 12;

/// Frames that are enough when each of them takes more than [`HOPELESS`] periods.
const FEW: usize = 3;

/// See [`FEW`].
const HOPELESS: f64 = 1.5;

/// A quality is too dear when a frame takes more than this part of the period.
const TOO_DEAR: f64 = 1.0;

/// A better quality is tried when it should take less than this part of the period.
const AFFORDABLE: f64 = 0.7;

/// The least time between a verdict and a better quality, in seconds; doubled with each one that proved too dear.
const PATIENCE: f64 = 4.0;

/// The longest that patience grows, in seconds.
const MOST_PATIENCE: f64 = 300.0;

/// Chooses the quality from what frames cost. Time comes from outside.
#[derive(Clone, Debug)]
pub(super) struct Governor {
    quality: Quality,
    period: f64,
    /// Costs of the last frames; their median counts, so that a hiccup is not taken for the cost.
    recent: [f64; FRAMES],
    count: usize,
    since: f64,
    patience: f64,
    raised: bool,
}

impl Governor {
    /// Starts with `quality` at time `now`, with frames `period` apart.
    pub(super) fn new(quality: Quality, period: Duration, now: f64) -> Self {
        Self {
            quality,
            period: period.as_secs_f64(),
            recent: [0.0; FRAMES],
            count: 0,
            since: now,
            patience: PATIENCE,
            raised: false,
        }
    }

    /// Takes what a frame cost; returns another quality when it is time for one. `work` tells each quality's work in any
    /// unit, to foretell the cost of a better one.
    pub(super) fn frame(&mut self, cost: Duration, now: f64, work: impl Fn(Quality) -> f64) -> Option<Quality> {
        self.recent[self.count % FRAMES] = cost.as_secs_f64();
        self.count += 1;
        if self.count < FRAMES && !self.is_hopeless() {
            return None;
        }
        let typical = median(&self.recent[..self.count.min(FRAMES)]);
        let foretold = |quality| typical * work(quality) / work(self.quality);
        if typical > TOO_DEAR * self.period {
            let least = cheaper(self.quality)?;
            let cheaper = if foretold(least) > TOO_DEAR * self.period { Quality::Fast } else { least };
            if self.raised {
                self.patience = (self.patience * 2.0).min(MOST_PATIENCE);
            }
            return Some(self.change(cheaper, now, false));
        }
        if now - self.since < self.patience {
            return None;
        }
        let better = better(self.quality)?;
        (foretold(better) < AFFORDABLE * self.period).then(|| self.change(better, now, true))
    }

    /// Whether the first few frames are so dear that more of them would only waste the person's time.
    fn is_hopeless(&self) -> bool {
        self.count >= FEW && self.recent[..self.count.min(FRAMES)].iter().all(|&cost| cost > HOPELESS * self.period)
    }

    fn change(&mut self, to: Quality, now: f64, raised: bool) -> Quality {
        (self.quality, self.count, self.since, self.raised) = (to, 0, now, raised);
        to
    }
}

/// The median of at most [`FRAMES`] values.
fn median(values: &[f64]) -> f64 {
    let mut sorted = [0.0; FRAMES];
    let sorted = &mut sorted[..values.len()];
    sorted.copy_from_slice(values);
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[values.len() / 2]
}

const fn cheaper(quality: Quality) -> Option<Quality> {
    match quality {
        Quality::Full => Some(Quality::High),
        Quality::High => Some(Quality::Fast),
        Quality::Fast => None,
    }
}

const fn better(quality: Quality) -> Option<Quality> {
    match quality {
        Quality::Fast => Some(Quality::High),
        Quality::High => Some(Quality::Full),
        Quality::Full => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(quality: Quality) -> f64 {
        match quality {
            Quality::Full => 4.0,
            Quality::High => 2.0,
            Quality::Fast => 1.0,
        }
    }

    /// Runs `seconds` of a machine on which a unit of work takes `unit` seconds; returns every quality chosen.
    fn play(governor: &mut Governor, from: f64, seconds: f64, unit: f64) -> Vec<Quality> {
        let mut now = from;
        let mut chosen = vec![];
        while now < from + seconds {
            let cost = work(governor.quality) * unit;
            now += cost.max(governor.period);
            chosen.extend(governor.frame(Duration::from_secs_f64(cost), now, work));
        }
        chosen
    }

    #[test]
    fn a_slow_machine_is_given_less_work_until_the_rate_holds() {
        let mut governor = Governor::new(Quality::Full, Duration::from_millis(20), 0.0);
        assert_eq!(play(&mut governor, 0.0, 60.0, 0.008), [Quality::High]);
        assert_eq!(play(&mut governor, 60.0, 60.0, 0.5), [Quality::Fast]);
    }

    #[test]
    fn a_hopelessly_slow_machine_is_not_kept_waiting() {
        let mut governor = Governor::new(Quality::Full, Duration::from_millis(20), 0.0);
        let chosen: Vec<_> = (0..3).map(|i| governor.frame(Duration::from_millis(600), f64::from(i), work)).collect();
        assert_eq!(chosen, [None, None, Some(Quality::Fast)]);
    }

    #[test]
    fn a_machine_that_recovers_is_given_more_after_a_while() {
        let mut governor = Governor::new(Quality::Fast, Duration::from_millis(20), 0.0);
        assert_eq!(play(&mut governor, 0.0, 3.0, 0.001), []);
        assert_eq!(play(&mut governor, 3.0, 20.0, 0.001), [Quality::High, Quality::Full]);
    }

    #[test]
    fn one_hiccup_changes_nothing() {
        let mut governor = Governor::new(Quality::Full, Duration::from_millis(20), 0.0);
        for frame in 0..200 {
            let cost = if frame % 10 == 0 { 300 } else { 10 };
            assert_eq!(governor.frame(Duration::from_millis(cost), frame as f64 * 0.02, work), None);
        }
    }

    #[test]
    fn a_better_quality_that_proves_too_dear_is_tried_ever_more_rarely() {
        // A machine whose full quality costs more than its work foretells.
        let mut governor = Governor::new(Quality::High, Duration::from_millis(20), 0.0);
        let (mut now, mut tries) = (0.0, 0);
        while now < 600.0 {
            let cost = if governor.quality == Quality::Full { 0.030 } else { 0.005 };
            now += f64::max(cost, 0.02);
            tries += usize::from(governor.frame(Duration::from_secs_f64(cost), now, work) == Some(Quality::Full));
        }
        assert!((2..=8).contains(&tries), "tried {tries} times in ten minutes");
    }
}
