//! Visibility: whether the window is on the screen or could be captured.
//!
//! Hidden is what is not on the screen and cannot be captured either, on any system; such a window is not drawn:
//! - one without pixels;
//! - one that the system calls minimised (X11 by `_NET_WM_STATE_HIDDEN`, Windows, macOS);
//! - one that X11 does not show at all: unmapped, or within a frame that is;
//! - one that the system calls wholly covered, but for macOS, where OBS captures it all the same. X11 says so only of a
//!   window whose pixels it does not keep, so that nothing could capture them;
//! - one whose requests to be drawn stay unanswered: all that Wayland lets a minimised window know, and under some
//!   desktops a wholly covered one.
//!
//! A covered window whose pixels are kept (under a compositor, or one with an alpha channel on X11) is drawn on purpose:
//! OBS and its like capture such windows from behind others, and that is how a streamer uses this one.

use std::time::{Duration, Instant};

/// How long a request to be drawn may stay unanswered. Any display shows several pictures in this time.
const IGNORED_AFTER: Duration = Duration::from_millis(500);

/// How many turns of the event loop that are, at least: after a long one the answer may be waiting behind the question.
const IGNORED_TURNS: u32 = 2;

/// What is known of the window's visibility.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each from another source")]
pub(super) struct Visibility {
    /// It has no pixels.
    pub(super) empty: bool,
    /// It is minimised.
    pub(super) minimised: bool,
    /// The window system does not show it at all.
    pub(super) unmapped: bool,
    /// The system says that nothing of it is on the screen.
    pub(super) occluded: bool,
    /// The request to be drawn that waits for its answer.
    pub(super) request: Request,
}

impl Visibility {
    /// Whether it is worth drawing at `now`.
    pub(super) fn is_watched(self, now: Instant) -> bool {
        let covered = self.occluded && !cfg!(target_os = "macos");
        !(self.empty || self.minimised || self.unmapped || covered || self.request.is_ignored(now))
    }
}

/// The oldest unanswered request to be drawn, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    /// When it was made, and how many turns of the event loop have ended since.
    waiting: Option<(Instant, u32)>,
}

impl Request {
    /// The system was asked to have the window drawn.
    pub(super) fn made(&mut self, now: Instant) {
        self.waiting.get_or_insert((now, 0));
    }

    /// The event loop has handed over all that the system said.
    pub(super) fn turn_ended(&mut self) {
        if let Some((_, turns)) = &mut self.waiting {
            *turns = turns.saturating_add(1);
        }
    }

    /// The system had the window drawn.
    pub(super) fn answered(&mut self) {
        self.waiting = None;
    }

    fn is_ignored(self, now: Instant) -> bool {
        self.waiting
            .is_some_and(|(made, turns)| turns >= IGNORED_TURNS && now.saturating_duration_since(made) >= IGNORED_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_way_of_being_hidden_is_enough() {
        let now = Instant::now();
        let seen = Visibility::default();
        assert!(seen.is_watched(now));
        assert!(!Visibility { empty: true, ..seen }.is_watched(now));
        assert!(!Visibility { minimised: true, ..seen }.is_watched(now));
        assert!(!Visibility { unmapped: true, ..seen }.is_watched(now));
        assert_eq!(Visibility { occluded: true, ..seen }.is_watched(now), cfg!(target_os = "macos"));
    }

    #[test]
    fn a_window_whose_requests_stay_unanswered_is_hidden_until_one_is_answered() {
        let start = Instant::now();
        let mut visibility = Visibility::default();
        visibility.request.made(start);
        for step in 1..100 {
            let now = start + step * Duration::from_millis(10);
            // Asking again does not start the wait anew.
            visibility.request.made(now);
            visibility.request.turn_ended();
            assert_eq!(visibility.is_watched(now), step < 50, "after {} ms", 10 * step);
        }
        visibility.request.answered();
        assert!(visibility.is_watched(start + Duration::from_secs(9)));
    }

    #[test]
    fn a_program_that_was_busy_itself_does_not_take_its_window_for_hidden() {
        let start = Instant::now();
        let mut visibility = Visibility::default();
        visibility.request.made(start);
        visibility.request.turn_ended();
        // The next turn took a minute; what the system said meanwhile is not read yet.
        assert!(visibility.is_watched(start + Duration::from_mins(1)));
    }
}
