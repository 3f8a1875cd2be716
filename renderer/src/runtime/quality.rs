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
/// is not seen saves about half, the grids of the fast quality have 9/16 of the points, and the fallback takes about a
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
mod tests;
