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

/// How many times a quality is taken to cost what the next cheaper one does, before both were measured: leaving out what
/// is not seen saves about half, the grids of the fast quality have 9/16 of the points.
const GUESS: f64 = 1.8;

/// The most that two measurements are believed to differ by: more comes from another program that began or ended between.
const MOST_DEARER: f64 = 4.0;

/// Chooses the quality from what frames cost. Time comes from outside.
#[derive(Clone, Debug)]
pub(super) struct Governor {
    quality: Quality,
    /// Whether the high quality differs from the full one.
    has_high: bool,
    period: f64,
    /// Costs of the last frames; their median counts, so that a hiccup is not taken for the cost.
    recent: [f64; FRAMES],
    count: usize,
    since: f64,
    patience: f64,
    raised: bool,
    /// A change could not be made; none is tried until patience is over.
    refused: bool,
    /// The quality before this one and its cost, until this one's cost is known.
    before: Option<(Quality, f64)>,
    /// How many times each quality costs what the next cheaper one does, as last measured.
    dearer: [f64; 3],
}

impl Governor {
    /// Starts with `quality` at time `now`, with frames `period` apart. `has_high` says whether the engine does less for
    /// the high quality than for the full one.
    pub(super) fn new(quality: Quality, has_high: bool, period: Duration, now: f64) -> Self {
        Self {
            quality,
            has_high,
            period: period.as_secs_f64(),
            recent: [0.0; FRAMES],
            count: 0,
            since: now,
            patience: PATIENCE,
            raised: false,
            refused: false,
            before: None,
            dearer: [GUESS; 3],
        }
    }

    /// Takes what a frame cost; returns another quality when it is time for one.
    pub(super) fn frame(&mut self, cost: Duration, now: f64) -> Option<Quality> {
        self.recent[self.count % FRAMES] = cost.as_secs_f64();
        self.count += 1;
        let typical = self.typical()?;
        self.compare(typical);
        let patient = now - self.since < self.patience;
        if patient && self.refused {
            return None;
        }
        if typical > TOO_DEAR * self.period {
            let cheaper = self.affordable_below(typical)?;
            if self.raised {
                self.patience = (self.patience * 2.0).min(MOST_PATIENCE);
            }
            return Some(self.change(cheaper, typical, now, false));
        }
        if patient {
            return None;
        }
        let better = self.better(self.quality)?;
        let foretold = typical * self.dearer[better as usize];
        (foretold < AFFORDABLE * self.period).then(|| self.change(better, typical, now, true))
    }

    /// Whether nothing cheaper is left and that is too dear as well.
    pub(super) fn is_at_a_loss(&self) -> bool {
        let too_dear = |typical| typical > TOO_DEAR * self.period;
        self.cheaper(self.quality).is_none() && self.typical().is_some_and(too_dear)
    }

    /// What a frame costs, once there were enough of them for a verdict.
    fn typical(&self) -> Option<f64> {
        let enough = self.count >= FRAMES || self.is_hopeless();
        enough.then(|| median(&self.recent[..self.count.min(FRAMES)]))
    }

    /// The quality that the last change was to could not be had: it is `quality` still.
    pub(super) fn refused(&mut self, quality: Quality, now: f64) {
        self.patience = (self.patience * 2.0).min(MOST_PATIENCE);
        (self.quality, self.count, self.since, self.before, self.refused) = (quality, 0, now, None, true);
    }

    /// Learns from the first cost after a change how the two qualities compare.
    fn compare(&mut self, typical: f64) {
        let Some((other, cost)) = self.before.take() else { return };
        let (dear, ratio) = if self.better(self.quality) == Some(other) {
            (other, cost / typical)
        } else if self.better(other) == Some(self.quality) {
            (self.quality, typical / cost)
        } else {
            return;
        };
        if ratio.is_finite() {
            self.dearer[dear as usize] = ratio.clamp(1.0, MOST_DEARER);
        }
    }

    /// The next cheaper quality, or the cheapest where even half of what a frame takes is too much.
    fn affordable_below(&self, typical: f64) -> Option<Quality> {
        let next = self.cheaper(self.quality)?;
        Some(if typical / 2.0 > TOO_DEAR * self.period { Quality::Fast } else { next })
    }

    /// Whether the first few frames are so dear that more of them would only waste the person's time.
    fn is_hopeless(&self) -> bool {
        self.count >= FEW && self.recent[..self.count.min(FRAMES)].iter().all(|&cost| cost > HOPELESS * self.period)
    }

    fn change(&mut self, to: Quality, typical: f64, now: f64, raised: bool) -> Quality {
        self.before = Some((self.quality, typical));
        (self.quality, self.count, self.since, self.raised, self.refused) = (to, 0, now, raised, false);
        to
    }

    const fn cheaper(&self, quality: Quality) -> Option<Quality> {
        match quality {
            Quality::Full if self.has_high => Some(Quality::High),
            Quality::Full | Quality::High => Some(Quality::Fast),
            Quality::Fast => None,
        }
    }

    const fn better(&self, quality: Quality) -> Option<Quality> {
        match quality {
            Quality::Fast if self.has_high => Some(Quality::High),
            Quality::Fast | Quality::High => Some(Quality::Full),
            Quality::Full => None,
        }
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
            chosen.extend(governor.frame(Duration::from_secs_f64(cost), now));
        }
        chosen
    }

    #[test]
    fn a_slow_machine_is_given_less_work_until_the_rate_holds() {
        let mut governor = Governor::new(Quality::Full, true, Duration::from_millis(20), 0.0);
        assert_eq!(play(&mut governor, 0.0, 60.0, 0.008), [Quality::High]);
        assert_eq!(play(&mut governor, 60.0, 60.0, 0.5), [Quality::Fast]);
    }

    #[test]
    fn a_hopelessly_slow_machine_is_not_kept_waiting() {
        let mut governor = Governor::new(Quality::Full, true, Duration::from_millis(20), 0.0);
        let chosen: Vec<_> = (0..3).map(|i| governor.frame(Duration::from_millis(600), f64::from(i))).collect();
        assert_eq!(chosen, [None, None, Some(Quality::Fast)]);
    }

    #[test]
    fn a_machine_too_slow_for_the_cheapest_quality_is_told_apart_from_one_that_is_not() {
        let mut governor = Governor::new(Quality::Full, true, Duration::from_millis(20), 0.0);
        play(&mut governor, 0.0, 10.0, 0.015);
        assert!(governor.quality == Quality::Fast && !governor.is_at_a_loss());
        play(&mut governor, 10.0, 10.0, 0.03);
        assert!(governor.is_at_a_loss());
        let new = Governor::new(Quality::Fast, true, Duration::from_millis(20), 0.0);
        assert!(!new.is_at_a_loss(), "no frame was drawn yet");
    }

    #[test]
    fn a_machine_that_recovers_is_given_more_after_a_while() {
        let mut governor = Governor::new(Quality::Fast, true, Duration::from_millis(20), 0.0);
        assert_eq!(play(&mut governor, 0.0, 3.0, 0.001), []);
        assert_eq!(play(&mut governor, 3.0, 20.0, 0.001), [Quality::High, Quality::Full]);
    }

    #[test]
    fn one_hiccup_changes_nothing() {
        let mut governor = Governor::new(Quality::Full, true, Duration::from_millis(20), 0.0);
        for frame in 0..200 {
            let cost = if frame % 10 == 0 { 300 } else { 10 };
            assert_eq!(governor.frame(Duration::from_millis(cost), frame as f64 * 0.02), None);
        }
    }

    #[test]
    fn a_better_quality_that_proves_too_dear_is_tried_ever_more_rarely() {
        // A machine whose full quality costs more than can be foretold.
        let mut governor = Governor::new(Quality::High, true, Duration::from_millis(20), 0.0);
        let (mut now, mut tries) = (0.0, 0);
        while now < 600.0 {
            let cost = if governor.quality == Quality::Full { 0.030 } else { 0.005 };
            now += f64::max(cost, 0.02);
            tries += usize::from(governor.frame(Duration::from_secs_f64(cost), now) == Some(Quality::Full));
        }
        assert!((1..=8).contains(&tries), "tried {tries} times in ten minutes");
    }

    #[test]
    fn a_busy_machine_steps_down_once_and_back_when_it_has_rest() {
        let mut governor = Governor::new(Quality::Full, true, Duration::from_millis(20), 0.0);
        assert_eq!(play(&mut governor, 0.0, 10.0, 0.006), [Quality::High]);
        assert_eq!(play(&mut governor, 10.0, 10.0, 0.003), [Quality::Full]);
    }

    #[test]
    fn an_engine_without_a_high_quality_is_not_rebuilt_for_it() {
        let mut governor = Governor::new(Quality::Full, false, Duration::from_millis(20), 0.0);
        assert_eq!(play(&mut governor, 0.0, 10.0, 0.006), [Quality::Fast]);
        assert_eq!(play(&mut governor, 10.0, 10.0, 0.002), [Quality::Full]);
    }

    #[test]
    fn a_change_that_fails_is_not_believed_and_tried_again_later() {
        let mut governor = Governor::new(Quality::Full, true, Duration::from_millis(20), 0.0);
        let chosen: Vec<_> = (0..12).filter_map(|_| governor.frame(Duration::from_millis(25), 0.0)).collect();
        assert_eq!(chosen, [Quality::High]);
        governor.refused(Quality::Full, 0.0);
        let mut times = (0..2000).map(|i| f64::from(i) * 0.01);
        let again = times.find(|&now| governor.frame(Duration::from_millis(25), now) == Some(Quality::High));
        assert!(again.is_some_and(|now| (4.0..10.0).contains(&now)), "tried again at {again:?}");
    }
}
