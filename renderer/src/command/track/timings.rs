//! What pictures took, all of them together.

use bunraku_capture::mediapipe::Timings;
use std::{fmt::Write as _, time::Duration};

/// Pictures at the start that are not counted: the first pays for what is prepared once.
const WARM_UP: usize = 1;

/// A part of a picture's time.
type Part = fn(&Timings) -> Duration;

/// The parts, by name.
const PARTS: [(&str, Part); 4] = [
    ("detector", |timings| timings.detector),
    ("landmarks", |timings| timings.landmarks),
    ("geometry", |timings| timings.geometry),
    ("expression", |timings| timings.blendshapes),
];

/// The times of all pictures.
#[derive(Default)]
pub(super) struct Tally(Vec<Timings>);

impl Tally {
    pub(super) fn add(&mut self, timings: &Timings) {
        self.0.push(*timings);
    }

    /// For people: milliseconds a picture, without reading and decoding it.
    pub(super) fn report(&self, runtime: &str) -> String {
        let counted = self.0.get(WARM_UP..).filter(|rest| !rest.is_empty()).unwrap_or(&self.0);
        let mut text = format!("{} pictures on {runtime}", self.0.len());
        text += &summary("a picture", counted, |timings| timings.total);
        for (name, part) in PARTS {
            // A part that was not needed took nothing.
            let needed: Vec<Timings> = counted.iter().copied().filter(|timings| !part(timings).is_zero()).collect();
            text += &summary(name, &needed, part);
        }
        text
    }
}

fn summary(name: &str, timings: &[Timings], part: Part) -> String {
    let mut times: Vec<Duration> = timings.iter().map(part).collect();
    times.sort_unstable();
    let Some(last) = times.len().checked_sub(1) else { return String::new() };
    let quantile = |hundredths: usize| 1e3 * times[last * hundredths / 100].as_secs_f64();
    let mut line = String::new();
    let (least, median, late) = (quantile(0), quantile(50), quantile(99));
    // A string takes everything.
    write!(line, "\n{name}: median {median:.3} ms, p99 {late:.3} ms, least {least:.3} ms ({} times)", times.len()).ok();
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_needed_is_not_counted_nor_is_the_first_picture() {
        let took = |ms: u64, detector: u64| Timings {
            total: Duration::from_millis(ms),
            detector: Duration::from_millis(detector),
            ..Timings::default()
        };
        let tally = Tally(vec![took(900, 0), took(5, 2), took(7, 0), took(6, 0)]);
        let text = tally.report("a runtime");
        assert_eq!(
            text,
            "4 pictures on a runtime\na picture: median 6.000 ms, p99 6.000 ms, least 5.000 ms (3 times)\n\
             detector: median 2.000 ms, p99 2.000 ms, least 2.000 ms (1 times)"
        );
        assert_eq!(Tally::default().report("x"), "0 pictures on x");
    }
}
