//! What the overlay says about the puppet, as text.

use crate::runtime::{SourceStatus, Status};
use bunraku_core::source::SourceState;

/// The lines of the overlay. Rounded, so that they change only when something is worth reading again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// The frame rate, and the time that a frame takes.
    pub(super) rates: String,
    /// The character, the engine and the quality.
    pub(super) character: String,
    /// The sources, in the order of the digits that choose them.
    pub(super) sources: Vec<SourceLine>,
}

/// One capture source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceLine {
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// How a source's line stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// It drives the puppet.
    Live,
    /// It stands by.
    Quiet,
    /// The user has to do something about it.
    Trouble,
}

impl Figures {
    /// The lines for `status`.
    pub(super) fn new(status: &Status) -> Self {
        let Status { character, engine, quality, fps, student_ms, sources, .. } = status;
        Self {
            rates: format!("{fps:.0} fps · student {student_ms:.1} ms"),
            character: format!("{character} · {}: {}, {quality}", engine.engine, engine.adapter),
            sources: sources.iter().map(SourceLine::new).collect(),
        }
    }
}

impl SourceLine {
    fn new(source: &SourceStatus) -> Self {
        let tone = match &source.own {
            SourceState::Failed(_) | SourceState::Stale => Tone::Trouble,
            _ if source.live => Tone::Live,
            _ => Tone::Quiet,
        };
        let mark = if source.live { "▶" } else { "·" };
        let remark = remark(source).map(|remark| format!("  {remark}")).unwrap_or_default();
        Self { text: format!("{}  {mark}  {}{remark}", source.index + 1, source.name), tone }
    }
}

/// What to say beside the source's name. A live source that works needs no words, except for its delay if it computes; that
/// is in steps of 10 ms, so that the text rests.
fn remark(source: &SourceStatus) -> Option<String> {
    match (&source.own, source.live) {
        (SourceState::Live, true) => {
            source.latency_ms.map(|latency| format!("{:.0} ms behind", 10.0 * (latency / 10.0).ceil()))
        }
        (SourceState::Live, false) => Some("standing by".to_owned()),
        (state, _) => Some(state.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(own: SourceState, live: bool) -> SourceStatus {
        SourceStatus { name: "mouse".to_owned(), own, live, ..SourceStatus::default() }
    }

    #[test]
    fn a_source_says_what_is_wrong_and_is_silent_when_all_is_well() {
        let line = |own, live| SourceLine::new(&source(own, live));
        assert_eq!(line(SourceState::Live, true), SourceLine { text: "1  ▶  mouse".to_owned(), tone: Tone::Live });
        let standing_by = line(SourceState::Live, false);
        assert_eq!((standing_by.text.as_str(), standing_by.tone), ("1  ·  mouse  standing by", Tone::Quiet));
        let failed = line(SourceState::Failed("port 49983 is taken".to_owned()), false);
        assert_eq!((failed.text.as_str(), failed.tone), ("1  ·  mouse  failed: port 49983 is taken", Tone::Trouble));
        let computing = SourceStatus { latency_ms: Some(21.4), ..source(SourceState::Live, true) };
        assert_eq!(SourceLine::new(&computing).text, "1  ▶  mouse  30 ms behind");
    }

    #[test]
    fn figures_that_read_alike_are_equal() {
        let figures = |fps| Figures::new(&Status { fps, ..Status::default() });
        assert_eq!(figures(59.9), figures(60.1));
        assert_ne!(figures(59.9), figures(61.0));
    }
}
