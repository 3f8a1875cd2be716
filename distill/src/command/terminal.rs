//! A training in the terminal: a bar where there is a person, a line now and then where there is a file.

use bunraku_distill::{
    checkpoint::{HeldOut, Progress},
    recipe::Replay,
    trainer::{Event, ProgressObserver},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// How often a line is written where there is no terminal.
const LINES: Duration = Duration::from_secs(10);

/// Steps older than this no longer count for the speed.
const MEMORY: Duration = Duration::from_secs(30);

/// Tells of a training on standard error.
pub(super) struct Terminal {
    bar: Option<ProgressBar>,
    /// When the last line was written.
    line: Option<Instant>,
    run: Run,
}

/// The student that is trained now.
#[derive(Default)]
struct Run {
    student: &'static str,
    total: u64,
    target: u64,
    phase: usize,
    phases: usize,
    examples: u64,
    loss: Option<f64>,
    held_out: Option<HeldOut>,
    speed: Speed,
    /// The teacher's, in batches.
    painted: Speed,
}

/// Examples a second, over the last while.
#[derive(Default)]
struct Speed {
    /// A time and the examples seen by then, both of a while ago and of the last time this was moved on.
    since: Option<(Instant, u64)>,
    next: Option<(Instant, u64)>,
}

impl Speed {
    fn note(&mut self, examples: u64) {
        let now = (Instant::now(), examples);
        let (begun, next) = (*self.since.get_or_insert(now), *self.next.get_or_insert(now));
        if begun.0.elapsed() > MEMORY && next.0.elapsed() > MEMORY / 2 {
            (self.since, self.next) = (Some(next), Some(now));
        }
    }

    /// None where too little is known.
    fn per_second(&self, examples: u64) -> Option<f64> {
        let (begun, before) = self.since?;
        let seconds = begun.elapsed().as_secs_f64();
        (examples > before && seconds > 0.0).then(|| (examples - before) as f64 / seconds)
    }
}

impl Terminal {
    pub(super) fn new() -> Self {
        Self { bar: None, line: None, run: Run::default() }
    }

    /// A line of its own, over the bar if there is one.
    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            // Nothing is left to be done where even standard error is gone.
            None => drop(writeln!(std::io::stderr(), "{text}")),
        }
    }

    fn begin(&mut self, progress: &Progress) {
        let Run { student, total, target, phases, .. } = self.run;
        let from = match progress.examples {
            0 => "begins".to_owned(),
            examples => format!("goes on after {examples} examples"),
        };
        let until = if target < total { format!("; this run ends at {target}") } else { String::new() };
        self.say(&format!("{student}: {from}, {total} in {phases} phases{until}"));
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(target), ProgressDrawTarget::stderr_with_hz(4));
            let style = ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(student);
            bar.set_position(progress.examples);
            if let Some(old) = self.bar.replace(bar) {
                old.finish_and_clear();
            }
        }
    }

    /// Moves the bar, or writes a line when one is due, or `now`.
    fn show(&mut self, now: bool) {
        let text = self.run.describe();
        if let Some(bar) = &self.bar {
            bar.set_position(self.run.examples);
            bar.set_message(text);
        } else if now || self.line.is_none_or(|last| last.elapsed() >= LINES) {
            let Run { student, examples, target, .. } = self.run;
            self.say(&format!("{student}: {examples}/{target} {text}"));
            self.line = Some(Instant::now());
        }
    }

    fn painting(&mut self, done: u64, of: u64) {
        if done == 0 {
            self.run.painted = Speed::default();
        }
        self.run.painted.note(done);
        let seconds = self.run.painted.per_second(done).map(|speed| of.saturating_sub(done) as f64 / speed);
        let left = seconds.map_or_else(String::new, |seconds| format!(", {} left", duration(seconds)));
        if let Some(bar) = &self.bar {
            bar.set_message(format!("the teacher paints {done}/{of}{left}"));
        } else if self.line.is_none_or(|last| last.elapsed() >= LINES) {
            self.say(&format!("{}: the teacher paints, {done} of {of} batches{left}", self.run.student));
            self.line = Some(Instant::now());
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Run {
    /// Phase, speed, time left, loss and held-out error, as far as they are known.
    fn describe(&self) -> String {
        let mut parts = vec![format!("phase {}/{}", self.phase + 1, self.phases)];
        if let Some(speed) = self.speed.per_second(self.examples) {
            parts.push(format!("{speed:.1} examples/s"));
            let left = self.target.saturating_sub(self.examples) as f64 / speed;
            parts.push(format!("{} left", duration(left)));
        }
        parts.extend(self.loss.map(|loss| format!("loss {loss:.4}")));
        parts.extend(self.held_out.map(|held_out| format!("held-out L1 {:.5}", held_out.l1)));
        parts.join(", ")
    }
}

impl ProgressObserver for Terminal {
    fn notify(&mut self, event: &Event<'_>) {
        match *event {
            Event::Teacher(who) => self.say(&format!("teacher: {who}")),
            Event::Begun { student, progress, total, target, phases } => {
                let (examples, held_out) = (progress.examples, progress.held_out);
                self.run = Run { student, total, target, phases, examples, held_out, ..Run::default() };
                self.begin(progress);
            }
            Event::Fitted { student, wished, kept } => self.say(&fitted(student, wished, kept)),
            Event::Damaged(damaged) => {
                self.say(&format!("warning: {}: {}; an older one is used", damaged.path.display(), damaged.why));
            }
            Event::Painting { done, of } => self.painting(done, of),
            Event::Step { progress, phase } => {
                (self.run.examples, self.run.phase) = (progress.examples, phase);
                self.run.speed.note(progress.examples);
                self.show(false);
            }
            Event::Loss { total, .. } => self.run.loss = Some(total),
            Event::HeldOut(held_out) => {
                self.run.held_out = Some(held_out);
                self.show(true);
            }
            Event::Saved { examples } => tracing::info!("kept after {examples} examples"),
            Event::NotSaved(error) => self.say(&format!(
                "warning: no snapshot: {error}; training goes on, the one before stays\nhelp: make room on the disk"
            )),
            Event::NotReported(error) => self.say(&format!("warning: {error}; training goes on without it")),
            _ => {}
        }
    }
}

/// How a device keeps the teacher's pictures, where that is not as the recipe wishes.
fn fitted(student: &str, wished: &Replay, kept: &Replay) -> String {
    let mut parts = Vec::new();
    if kept.pictures < wished.pictures {
        let (room, wish) = (kept.pictures, wished.pictures);
        parts.push(format!("{room} of the teacher's pictures are kept, not {wish}: there is no memory for more"));
    }
    if kept.precision != wished.precision {
        let (precision, wish) = (kept.precision, wished.precision);
        parts.push(format!("they are kept in {precision}, not {wish}, which the device does not have"));
    }
    format!("{student}: {}", parts.join("; "))
}

/// A time in words: `2 d 3 h`, `4 h 5 min`, `6 min 7 s`, `8 s`.
pub(super) fn duration(seconds: f64) -> String {
    let seconds = seconds.clamp(0.0, 1e12).round() as u64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days} d {} h", hours % 24),
        () if hours > 0 => format!("{hours} h {} min", minutes % 60),
        () if minutes > 0 => format!("{minutes} min {} s", seconds % 60),
        () => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_distill::recipe::{FAST, Precision, Recipe};

    #[test]
    fn what_does_not_fit_is_told_with_its_reason() {
        let wished = Recipe::built_in(FAST).expect("built in").body.replay.expect("kept");
        let kept = Replay { pictures: 8, precision: Precision::F32, ..wished };
        let wish = wished.pictures;
        assert_eq!(
            fitted("body_morpher", &wished, &kept),
            format!(
                "body_morpher: 8 of the teacher's pictures are kept, not {wish}: there is no memory for more; they are kept \
                 in f32, not f16, which the device does not have"
            )
        );
    }

    #[test]
    fn durations_are_told_in_their_two_greatest_units() {
        let told = [7.6, 61.0, 3_700.0, 187_300.0, f64::INFINITY].map(duration);
        assert_eq!(told[..4], ["8 s", "1 min 1 s", "1 h 1 min", "2 d 4 h"]);
        assert!(told[4].ends_with('h'));
    }
}
