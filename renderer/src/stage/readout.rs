//! What the overlay says about the show.

use bunraku_core::source::SourceState;

/// One capture source in the overlay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceLine {
    /// Its name and settings.
    pub name: String,
    /// How it says it is doing.
    pub state: SourceState,
    /// Whether it drives the puppet now.
    pub live: bool,
    /// How old what it saw was when its sample was ready, in milliseconds, if it computes.
    pub latency_ms: Option<f64>,
}

/// What the overlay says about the show, newest values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readout {
    /// The character's name.
    pub character: String,
    /// The engine with its adapter and quality, such as `cpu: AMD EPYC (avx2), full`.
    pub engine: String,
    /// Frames drawn a second.
    pub frames_per_second: f32,
    /// What the student takes for a frame, in milliseconds.
    pub student_ms: f32,
    /// The sources in the order of the digits that choose them.
    pub sources: Vec<SourceLine>,
}

impl Readout {
    /// The frame rate and the student's time. Rounded, so that the text rests while nothing changes much.
    pub(super) fn rates(&self) -> String {
        format!("{:.0} fps · student {:.1} ms", self.frames_per_second, self.student_ms)
    }
}

impl SourceLine {
    /// What to read beside the source's name. A live source that works needs no words, but for one that computes. The
    /// time is in steps of 10 ms, so that the text rests.
    pub(super) fn remark(&self) -> Option<String> {
        match (&self.state, self.live) {
            (SourceState::Live, true) => {
                self.latency_ms.map(|latency| format!("{:.0} ms behind", 10.0 * (latency / 10.0).ceil()))
            }
            (SourceState::Live, false) => Some("standing by".to_owned()),
            (state, _) => Some(state.to_string()),
        }
    }

    /// Whether the person has something to do about it.
    pub(super) const fn is_in_trouble(&self) -> bool {
        matches!(self.state, SourceState::Failed(_) | SourceState::Stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_says_what_is_wrong_and_is_silent_when_all_is_well() {
        let line = |state, live| SourceLine { name: "mouse".to_owned(), state, live, latency_ms: None };
        assert_eq!(line(SourceState::Live, true).remark(), None);
        assert_eq!(line(SourceState::Live, false).remark().as_deref(), Some("standing by"));
        let failed = line(SourceState::Failed("port 49983 is taken".to_owned()), false);
        assert_eq!(failed.remark().as_deref(), Some("failed: port 49983 is taken"));
        let computing = SourceLine { latency_ms: Some(21.4), ..line(SourceState::Live, true) };
        assert_eq!(computing.remark().as_deref(), Some("30 ms behind"));
        assert!(failed.is_in_trouble() && !line(SourceState::Live, false).is_in_trouble());
    }
}
