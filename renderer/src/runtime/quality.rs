//! `--quality auto`: the quality controller picks the best quality that keeps the frame rate, and the fallback student
//! where none does.

use bunraku_engine::Quality;
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

/// A frame of the cheapest quality misses the frame rate clearly when it takes more than this many periods. Another
/// student is another picture, so a frame rate that is nearly kept is left at that.
const CLEAR_MISS: f64 = 1.3;

/// For how long frames must have missed it clearly before the fallback comes on, in seconds: programs that start and
/// networks that are loaded are through by then.
const LASTING: f64 = 5.0;

/// Frames that are further apart than this, in seconds, and than twice what they take, have a pause between them.
const PAUSE: f64 = 1.0;

/// The least time between a verdict and a better quality, in seconds; doubled with each one that proved too dear.
const PATIENCE: f64 = 4.0;

/// The longest that patience grows, in seconds.
const MOST_PATIENCE: f64 = 300.0;

/// How many times a quality is taken to cost what the next cheaper one does, before both were measured: leaving out what
/// is not seen saves about half, the grids of the fast quality have 9/16 of the points, and an fallback takes about a
/// quarter of the work.
const GUESS: f64 = 1.8;

/// The most that two measurements are believed to differ by: more comes from another program that began or ended between.
const MOST_DEARER: f64 = 4.0;

/// The rate that is kept where none was asked for, in frames a second: phones and OBS take no more. A display that is
/// faster than that is served by the way, never at the cost of the picture.
const ENOUGH: f64 = 60.0;

/// The period to keep where steps are `period` apart; `asked_for` says whether the user chose that.
pub(super) fn controlled_period(period: Duration, asked_for: bool) -> Duration {
    if asked_for { period } else { period.max(Duration::from_secs_f64(1.0 / ENOUGH)) }
}

/// What is drawn: the rungs of a ladder, each cheaper than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rung {
    /// Whether by the fallback student.
    pub(super) fallback: bool,
    /// In which quality.
    pub(super) quality: Quality,
}

impl Rung {
    const ALL: usize = 6;

    /// A place of its own in a list of [`Rung::ALL`].
    const fn index(self) -> usize {
        self.quality as usize + if self.fallback { 3 } else { 0 }
    }
}

/// What can be drawn at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ladder {
    /// Whether the engine does less for the high quality than for the full one.
    pub(super) has_high: bool,
    /// Whether there is a fallback student.
    pub(super) has_fallback: bool,
}

impl Ladder {
    const fn cheaper(self, Rung { fallback, quality }: Rung) -> Option<Rung> {
        match quality {
            Quality::Full if self.has_high => Some(Rung { fallback, quality: Quality::High }),
            Quality::Full | Quality::High => Some(Rung { fallback, quality: Quality::Fast }),
            Quality::Fast if self.has_fallback && !fallback => Some(Rung { fallback: true, quality: Quality::Full }),
            Quality::Fast => None,
        }
    }

    const fn better(self, Rung { fallback, quality }: Rung) -> Option<Rung> {
        match quality {
            Quality::Fast if self.has_high => Some(Rung { fallback, quality: Quality::High }),
            Quality::Fast | Quality::High => Some(Rung { fallback, quality: Quality::Full }),
            Quality::Full if fallback => Some(Rung { fallback: false, quality: Quality::Fast }),
            Quality::Full => None,
        }
    }
}

/// What is to be drawn from now on, and the cost that decided it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) rung: Rung,
    /// What a frame took, in seconds: the median.
    pub(super) typical: f64,
}

/// Chooses what is drawn by what frames cost. Time comes from outside.
#[derive(Clone, Debug)]
pub(super) struct QualityController {
    rung: Rung,
    ladder: Ladder,
    period: f64,
    /// Costs of the last frames; their median counts, so that a hiccup is not taken for the cost.
    recent: [f64; FRAMES],
    count: usize,
    since: f64,
    /// When the last frame was drawn.
    last: f64,
    /// For how long frames have missed the frame rate clearly, in seconds; pauses do not count.
    missed: f64,
    patience: f64,
    raised: bool,
    /// A change could not be made; none is tried until patience is over.
    refused: bool,
    /// The rung before this one and its cost, until this one's cost is known.
    before: Option<(Rung, f64)>,
    /// How many times each rung costs what the next cheaper one does, as last measured.
    dearer: [f64; Rung::ALL],
}

impl QualityController {
    /// Starts on `rung` of `ladder` at time `now`, with frames `period` apart.
    pub(super) fn new(rung: Rung, ladder: Ladder, period: Duration, now: f64) -> Self {
        Self {
            rung,
            ladder,
            period: period.as_secs_f64(),
            recent: [0.0; FRAMES],
            count: 0,
            since: now,
            last: now,
            missed: 0.0,
            patience: PATIENCE,
            raised: false,
            refused: false,
            before: None,
            dearer: [GUESS; Rung::ALL],
        }
    }

    /// Takes what a frame cost; returns what to draw when it is time for something else.
    pub(super) fn frame(&mut self, cost: Duration, now: f64) -> Option<Verdict> {
        self.recent[self.count % FRAMES] = cost.as_secs_f64();
        self.count += 1;
        let apart = (now - std::mem::replace(&mut self.last, now)).min(PAUSE.max(2.0 * cost.as_secs_f64()));
        let typical = self.typical()?;
        self.compare(typical);
        self.note_miss(typical, apart);
        let patient = now - self.since < self.patience;
        if patient && self.refused {
            return None;
        }
        if let Some(cheaper) = self.cheaper(typical) {
            if self.raised {
                self.patience = (self.patience * 2.0).min(MOST_PATIENCE);
            }
            return Some(self.change(cheaper, typical, now, false));
        }
        let better = self.ladder.better(self.rung).filter(|_| !patient)?;
        let foretold = typical * self.dearer[better.index()];
        (foretold < AFFORDABLE * self.period).then(|| self.change(better, typical, now, true))
    }

    /// The time between two frames that is kept, in seconds.
    pub(super) fn period(&self) -> f64 {
        self.period
    }

    /// What a frame costs, once there were enough of them for a verdict.
    fn typical(&self) -> Option<f64> {
        let enough = self.count >= FRAMES || self.is_hopeless();
        enough.then(|| median(&self.recent[..self.count.min(FRAMES)]))
    }

    /// The last change could not be had: `rung` is drawn still.
    pub(super) fn refused(&mut self, rung: Rung, now: f64) {
        self.patience = (self.patience * 2.0).min(MOST_PATIENCE);
        self.rest_on(rung, now);
        (self.before, self.refused) = (None, true);
    }

    /// Learns from the first cost after a change how the two rungs compare.
    fn compare(&mut self, typical: f64) {
        let Some((other, cost)) = self.before.take() else { return };
        let (dear, ratio) = if self.ladder.better(self.rung) == Some(other) {
            (other, cost / typical)
        } else if self.ladder.better(other) == Some(self.rung) {
            (self.rung, typical / cost)
        } else {
            return;
        };
        if ratio.is_finite() {
            self.dearer[dear.index()] = ratio.clamp(1.0, MOST_DEARER);
        }
    }

    /// Counts the time since the frame before if frames miss the frame rate clearly; one that does not ends the count.
    fn note_miss(&mut self, typical: f64, apart: f64) {
        self.missed = if typical > CLEAR_MISS * self.period { self.missed + apart } else { 0.0 };
    }

    /// What to draw if this is too dear: the next cheaper quality, or the cheapest where even half of what a frame takes
    /// is too much. The fallback only after a lasting and clear miss.
    fn cheaper(&self, typical: f64) -> Option<Rung> {
        let next = self.ladder.cheaper(self.rung).filter(|_| typical > TOO_DEAR * self.period)?;
        if next.fallback != self.rung.fallback {
            return (self.missed >= LASTING).then_some(next);
        }
        let far = typical / 2.0 > TOO_DEAR * self.period;
        Some(if far { Rung { quality: Quality::Fast, ..next } } else { next })
    }

    /// Whether the first few frames are so dear that measuring more would waste the user's time.
    fn is_hopeless(&self) -> bool {
        self.count >= FEW && self.recent[..self.count.min(FRAMES)].iter().all(|&cost| cost > HOPELESS * self.period)
    }

    fn change(&mut self, to: Rung, typical: f64, now: f64, raised: bool) -> Verdict {
        self.before = Some((self.rung, typical));
        self.rest_on(to, now);
        (self.raised, self.refused) = (raised, false);
        Verdict { rung: to, typical }
    }

    fn rest_on(&mut self, rung: Rung, now: f64) {
        (self.rung, self.count, self.since, self.missed) = (rung, 0, now, 0.0);
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

    const CPU: Ladder = Ladder { has_high: true, has_fallback: false };
    const PAIR: Ladder = Ladder { has_high: true, has_fallback: true };
    const FULL: Rung = rung(Quality::Full);
    const FAST: Rung = rung(Quality::Fast);
    const FALLBACK: Rung = Rung { fallback: true, quality: Quality::Full };

    const fn rung(quality: Quality) -> Rung {
        Rung { fallback: false, quality }
    }

    fn quality_controller(rung: Rung, ladder: Ladder) -> QualityController {
        QualityController::new(rung, ladder, Duration::from_millis(20), 0.0)
    }

    fn work(Rung { fallback, quality }: Rung) -> f64 {
        let work = match quality {
            Quality::Full => 4.0,
            Quality::High => 2.0,
            Quality::Fast => 1.0,
        };
        if fallback { work / 8.0 } else { work }
    }

    /// Runs `seconds` of a machine on which a unit of work takes `unit` seconds; returns every rung chosen.
    fn play(quality_controller: &mut QualityController, from: f64, seconds: f64, unit: f64) -> Vec<Rung> {
        let mut now = from;
        let mut chosen = vec![];
        while now < from + seconds {
            let cost = work(quality_controller.rung) * unit;
            now += cost.max(quality_controller.period);
            chosen.extend(quality_controller.frame(Duration::from_secs_f64(cost), now).map(|verdict| verdict.rung));
        }
        chosen
    }

    #[test]
    fn a_slow_machine_is_given_less_work_until_the_rate_holds() {
        let mut quality_controller = quality_controller(FULL, CPU);
        assert_eq!(play(&mut quality_controller, 0.0, 60.0, 0.008), [rung(Quality::High)]);
        assert_eq!(play(&mut quality_controller, 60.0, 60.0, 0.5), [FAST]);
    }

    #[test]
    fn a_hopelessly_slow_machine_is_not_kept_waiting() {
        let mut quality_controller = quality_controller(FULL, CPU);
        let cost = Duration::from_millis(600);
        let chosen: Vec<_> =
            (0..3).map(|i| quality_controller.frame(cost, f64::from(i)).map(|verdict| verdict.rung)).collect();
        assert_eq!(chosen, [None, None, Some(FAST)]);
    }

    #[test]
    fn a_verdict_tells_the_cost_that_decided_it_not_that_of_the_last_frame() {
        let mut quality_controller = quality_controller(FULL, CPU);
        let costs = (0..12).map(|i| if i == 11 { 900 } else { 25 }).map(Duration::from_millis);
        let verdicts: Vec<_> = costs.filter_map(|cost| quality_controller.frame(cost, 0.0)).collect();
        assert_eq!(verdicts, [Verdict { rung: rung(Quality::High), typical: 0.025 }]);
    }

    #[test]
    fn a_fast_display_does_not_cost_the_picture_unless_its_rate_was_asked_for() {
        let [fast, slow] = [240.0, 30.0].map(|rate| Duration::from_secs_f64(1.0 / rate));
        assert_eq!(controlled_period(fast, false), Duration::from_secs_f64(1.0 / 60.0));
        assert_eq!((controlled_period(fast, true), controlled_period(slow, false)), (fast, slow));
    }

    #[test]
    fn the_fallback_comes_on_after_a_lasting_clear_miss_of_the_cheapest_quality() {
        let mut quality_controller = quality_controller(FAST, PAIR);
        assert_eq!(play(&mut quality_controller, 0.0, 4.0, 0.03), [], "a program that starts passes");
        assert_eq!(play(&mut quality_controller, 4.0, 1.0, 0.017), [], "the miss must last without a break");
        assert_eq!(play(&mut quality_controller, 5.0, 4.0, 0.03), []);
        assert_eq!(play(&mut quality_controller, 9.0, 2.0, 0.03), [FALLBACK]);
    }

    #[test]
    fn a_rate_that_is_nearly_kept_calls_no_fallback() {
        let mut quality_controller = quality_controller(FAST, PAIR);
        assert_eq!(play(&mut quality_controller, 0.0, 600.0, 0.025), []);
    }

    #[test]
    fn a_pause_is_no_miss() {
        let mut quality_controller = quality_controller(FAST, PAIR);
        for frame in 0..14 {
            assert_eq!(quality_controller.frame(Duration::from_millis(30), f64::from(frame) * 0.03), None);
        }
        assert_eq!(quality_controller.frame(Duration::from_millis(30), 3600.0), None);
    }

    #[test]
    fn the_larger_student_is_back_when_the_load_is_over() {
        let mut quality_controller = quality_controller(FULL, PAIR);
        assert_eq!(play(&mut quality_controller, 0.0, 20.0, 0.035), [rung(Quality::Fast), FALLBACK]);
        let up = play(&mut quality_controller, 20.0, 40.0, 0.002);
        assert_eq!(up, [FAST, rung(Quality::High), FULL]);
    }

    #[test]
    fn a_larger_student_that_proves_too_dear_is_tried_ever_more_rarely() {
        // Measured under another load each time: nothing can be foretold.
        let mut quality_controller = quality_controller(FALLBACK, PAIR);
        let (mut now, mut tries) = (0.0, 0);
        while now < 1800.0 {
            let cost = if quality_controller.rung.fallback { 0.001 } else { 0.030 };
            now += f64::max(cost, 0.02);
            let verdict = quality_controller.frame(Duration::from_secs_f64(cost), now);
            tries += usize::from(verdict.is_some_and(|verdict| verdict.rung == FAST));
        }
        assert!((1..=12).contains(&tries), "tried {tries} times in half an hour");
    }

    #[test]
    fn a_machine_that_recovers_is_given_more_after_a_while() {
        let mut quality_controller = quality_controller(FAST, CPU);
        assert_eq!(play(&mut quality_controller, 0.0, 3.0, 0.001), []);
        assert_eq!(play(&mut quality_controller, 3.0, 20.0, 0.001), [rung(Quality::High), FULL]);
    }

    #[test]
    fn one_hiccup_changes_nothing() {
        let mut quality_controller = quality_controller(FULL, CPU);
        for frame in 0..200 {
            let cost = if frame % 10 == 0 { 300 } else { 10 };
            assert_eq!(quality_controller.frame(Duration::from_millis(cost), frame as f64 * 0.02), None);
        }
    }

    #[test]
    fn a_better_quality_that_proves_too_dear_is_tried_ever_more_rarely() {
        // A machine whose full quality costs more than can be foretold.
        let mut quality_controller = quality_controller(rung(Quality::High), CPU);
        let (mut now, mut tries) = (0.0, 0);
        while now < 600.0 {
            let cost = if quality_controller.rung == FULL { 0.030 } else { 0.005 };
            now += f64::max(cost, 0.02);
            let verdict = quality_controller.frame(Duration::from_secs_f64(cost), now);
            tries += usize::from(verdict.is_some_and(|verdict| verdict.rung == FULL));
        }
        assert!((1..=8).contains(&tries), "tried {tries} times in ten minutes");
    }

    #[test]
    fn a_busy_machine_steps_down_once_and_back_when_it_has_rest() {
        let mut quality_controller = quality_controller(FULL, CPU);
        assert_eq!(play(&mut quality_controller, 0.0, 10.0, 0.006), [rung(Quality::High)]);
        assert_eq!(play(&mut quality_controller, 10.0, 10.0, 0.003), [FULL]);
    }

    #[test]
    fn an_engine_without_a_high_quality_is_not_rebuilt_for_it() {
        let mut quality_controller = quality_controller(FULL, Ladder { has_high: false, ..CPU });
        assert_eq!(play(&mut quality_controller, 0.0, 10.0, 0.006), [FAST]);
        assert_eq!(play(&mut quality_controller, 10.0, 10.0, 0.002), [FULL]);
    }

    #[test]
    fn a_change_that_fails_is_not_believed_and_tried_again_later() {
        let mut quality_controller = quality_controller(FULL, CPU);
        let mut dear = |now| quality_controller.frame(Duration::from_millis(25), now).map(|verdict| verdict.rung);
        let chosen: Vec<_> = (0..12).filter_map(|_| dear(0.0)).collect();
        assert_eq!(chosen, [rung(Quality::High)]);
        quality_controller.refused(FULL, 0.0);
        let mut times = (0..2000).map(|i| f64::from(i) * 0.01);
        let mut dear = |now| quality_controller.frame(Duration::from_millis(25), now).map(|verdict| verdict.rung);
        let again = times.find(|&now| dear(now) == Some(rung(Quality::High)));
        assert!(again.is_some_and(|now| (4.0..10.0).contains(&now)), "tried again at {again:?}");
    }
}
