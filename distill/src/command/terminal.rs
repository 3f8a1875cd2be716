//! Shows a training's progress: a bar in a terminal, a line now and then in a file.

use bunraku_cli::progress::style;
use bunraku_distill::{
    checkpoint::{HeldOut, Progress},
    recipe::Replay,
    trainer::{Event, ProgressObserver},
};
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::{
    io::{IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// The interval between lines if standard error is not a terminal.
const LINES: Duration = Duration::from_secs(10);

/// The speed counts steps up to this old.
const MEMORY: Duration = Duration::from_secs(30);

/// Shows a training's progress on standard error.
pub(super) struct Terminal {
    bar: Option<ProgressBar>,
    /// When the last line was written.
    line: Option<Instant>,
    run: Run,
}

/// The student in training.
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
    /// The teacher's speed, in batches.
    rendered: Speed,
}

/// Examples a second over the last [`MEMORY`].
#[derive(Default)]
struct Speed {
    /// A time and the examples seen by then: where the window starts, and where the next one will.
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

    /// `None` until there are two points.
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

    /// Prints a line, above the bar if there is one.
    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            // If even standard error is closed there is nowhere to report it.
            None => drop(writeln!(std::io::stderr(), "{text}")),
        }
    }

    fn begin(&mut self, progress: &Progress) {
        let Run { student, total, target, phases, .. } = self.run;
        let from = match progress.examples {
            0 => "begins".to_owned(),
            examples => format!("resumes after {examples} examples"),
        };
        let until = if target < total { format!("; this run ends at {target}") } else { String::new() };
        self.say(&format!("{student}: {from}, {total} in {phases} phases{until}"));
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(target), ProgressDrawTarget::stderr_with_hz(4));
            bar.set_style(style("{prefix} {bar:24} {pos}/{len} {msg}"));
            bar.set_prefix(student);
            bar.set_position(progress.examples);
            if let Some(old) = self.bar.replace(bar) {
                old.finish_and_clear();
            }
        }
    }

    /// Moves the bar, or prints a line if one is due or `now` is set.
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

    fn rendering(&mut self, done: u64, of: u64) {
        if done == 0 {
            self.run.rendered = Speed::default();
        }
        self.run.rendered.note(done);
        let seconds = self.run.rendered.per_second(done).map(|speed| of.saturating_sub(done) as f64 / speed);
        let left = seconds.map_or_else(String::new, |seconds| format!(", {} left", duration(seconds)));
        if let Some(bar) = &self.bar {
            bar.set_message(format!("the teacher renders {done}/{of}{left}"));
        } else if self.line.is_none_or(|last| last.elapsed() >= LINES) {
            self.say(&format!("{}: the teacher renders, {done} of {of} batches{left}", self.run.student));
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
    /// Phase, speed, time left, loss and held-out error, as far as known.
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
                self.say(&format!("warning: {}: {}; using an older one", damaged.path.display(), damaged.why));
            }
            Event::Rendering { done, of } => self.rendering(done, of),
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
            Event::Saved { examples } => tracing::info!("saved after {examples} examples"),
            Event::NotSaved(error) => self.say(&format!(
                "warning: cannot save a checkpoint: {error}; training goes on\nhelp: free some disk space"
            )),
            Event::NotReported(error) => self.say(&format!("warning: {error}; training goes on without it")),
            _ => {}
        }
    }
}

/// What a device keeps of the teacher's pictures, if it is less than the recipe asks for.
fn fitted(student: &str, wished: &Replay, kept: &Replay) -> String {
    let mut parts = Vec::new();
    if kept.pictures < wished.pictures {
        let (room, wish) = (kept.pictures, wished.pictures);
        parts.push(format!("keeps {room} of the teacher's pictures, not {wish}, for lack of memory"));
    }
    if kept.precision != wished.precision {
        let (precision, wish) = (kept.precision, wished.precision);
        parts.push(format!("keeps them in {precision}, as the device has no {wish}"));
    }
    format!("{student}: {}", parts.join("; "))
}

/// A duration as text: `2 d 3 h`, `4 h 5 min`, `6 min 7 s`, `8 s`.
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
    fn a_smaller_replay_buffer_is_reported_with_the_reason() {
        let wished = Recipe::built_in(FAST).expect("built in").body.replay.expect("kept");
        let kept = Replay { pictures: 8, precision: Precision::F32, ..wished };
        let wish = wished.pictures;
        assert_eq!(
            fitted("body_morpher", &wished, &kept),
            format!(
                "body_morpher: keeps 8 of the teacher's pictures, not {wish}, for lack of memory; keeps them in f32, as the \
                 device has no f16"
            )
        );
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let told = [7.6, 61.0, 3_700.0, 187_300.0, f64::INFINITY].map(duration);
        assert_eq!(told[..4], ["8 s", "1 min 1 s", "1 h 1 min", "2 d 4 h"]);
        assert!(told[4].ends_with('h'));
    }
}
