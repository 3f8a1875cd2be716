//! What is written over the puppet for its person. It is drawn anew only when it changed.

mod painter;
mod panel;

pub(super) use painter::Painter;

use super::readout::Readout;
use std::time::{Duration, Instant};

/// Figures are brought up to date this often at most.
const REFRESH: Duration = Duration::from_millis(250);

/// The same while nobody sees them: then only the window's title follows.
const REFRESH_HIDDEN: Duration = Duration::from_secs(5);

/// How long a notice stays.
const NOTICE: Duration = Duration::from_secs(8);

/// What the overlay shows, and whether that changed since it was drawn.
pub(super) struct Overlay {
    hidden: bool,
    help: bool,
    readout: Readout,
    refreshed: Option<Instant>,
    notices: Vec<(Instant, String)>,
    changed: bool,
}

impl Overlay {
    /// Shown at first, with a word on how to hide it.
    pub(super) fn new() -> Self {
        Self {
            hidden: false,
            help: false,
            readout: Readout::default(),
            refreshed: None,
            notices: Vec::new(),
            changed: true,
        }
    }

    /// Whether there is anything to draw.
    pub(super) fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Hides everything, or shows it again.
    pub(super) fn toggle(&mut self) {
        self.hidden = !self.hidden;
        self.changed = true;
    }

    /// Shows the keys or hides them; shows the overlay if it was hidden.
    pub(super) fn toggle_help(&mut self) {
        self.help = self.hidden || !self.help;
        self.hidden = false;
        self.changed = true;
    }

    /// Hides the keys.
    pub(super) fn close_help(&mut self) {
        self.changed |= self.help;
        self.help = false;
    }

    /// Tells the person something, for some seconds.
    pub(super) fn notify(&mut self, text: String, now: Instant) {
        self.notices.retain(|(_, shown)| *shown != text);
        self.notices.push((now, text));
        self.changed = true;
    }

    /// When the figures are old enough to be looked up again; none if they never were.
    pub(super) fn readout_due(&self) -> Option<Instant> {
        let wait = if self.hidden { REFRESH_HIDDEN } else { REFRESH };
        self.refreshed.map(|refreshed| refreshed + wait)
    }

    /// Takes newer figures.
    pub(super) fn set_readout(&mut self, readout: Readout, now: Instant) {
        self.refreshed = Some(now);
        self.changed |= !reads_alike(&self.readout, &readout);
        self.readout = readout;
    }

    /// Drops what has been shown long enough.
    pub(super) fn expire(&mut self, now: Instant) {
        let before = self.notices.len();
        self.notices.retain(|(since, _)| now.duration_since(*since) < NOTICE);
        self.changed |= self.notices.len() != before;
    }

    /// When the next notice has been shown long enough.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.notices.iter().map(|(since, _)| *since + NOTICE).min()
    }

    /// Has it drawn again: the pointer did something, or the window changed.
    pub(super) fn touch(&mut self) {
        self.changed = true;
    }

    /// Whether it must be laid out again. Asking takes the answer away.
    pub(super) fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether what is on the screen is out of date.
    pub(super) fn is_out_of_date(&self) -> bool {
        self.changed && !self.hidden
    }

    /// The name of the character in the figures.
    pub(super) fn character(&self) -> &str {
        &self.readout.character
    }
}

/// Whether the same words come out.
fn reads_alike(old: &Readout, new: &Readout) -> bool {
    let rest = |readout: &Readout| Readout { frames_per_second: 0.0, student_ms: 0.0, ..readout.clone() };
    old.rates() == new.rates() && rest(old) == rest(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn() -> Overlay {
        Overlay { changed: false, ..Overlay::new() }
    }

    #[test]
    fn figures_that_read_alike_cost_no_drawing() {
        let now = Instant::now();
        let mut overlay = drawn();
        let readout = |fps| Readout { frames_per_second: fps, ..Readout::default() };
        overlay.set_readout(readout(59.9), now);
        assert!(overlay.take_change());
        overlay.set_readout(readout(60.1), now);
        assert!(!overlay.is_out_of_date());
        assert_eq!(overlay.readout_due(), Some(now + REFRESH));
        overlay.toggle();
        assert_eq!(overlay.readout_due(), Some(now + REFRESH_HIDDEN), "nobody reads them");
    }

    #[test]
    fn a_notice_goes_by_itself_and_is_not_repeated() {
        let now = Instant::now();
        let mut overlay = drawn();
        overlay.notify("no character there".to_owned(), now);
        overlay.notify("no character there".to_owned(), now);
        overlay.expire(now);
        assert_eq!(overlay.next_expiry(), Some(now + NOTICE));
        overlay.take_change();
        overlay.expire(now + NOTICE);
        assert!(overlay.is_out_of_date() && overlay.notices.is_empty());
    }

    #[test]
    fn asking_for_help_shows_it_even_where_all_was_hidden() {
        let mut overlay = drawn();
        overlay.toggle();
        assert!(overlay.is_hidden());
        overlay.toggle_help();
        assert!(!overlay.is_hidden() && overlay.help);
        overlay.toggle_help();
        assert!(!overlay.is_hidden() && !overlay.help);
    }
}
