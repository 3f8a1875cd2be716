//! The overlay: figures, sources, notices and keys over the puppet. It is laid out again only when it changed.

mod figures;
mod mirror;
mod panel;
mod renderer;

pub(super) use renderer::OverlayRenderer;

use crate::runtime::Status;
use bunraku_capture::Preview;
use figures::Figures;
use std::time::{Duration, Instant};

/// How often the figures are updated, at most.
const REFRESH: Duration = Duration::from_millis(250);

/// The same while the overlay is hidden: they need only be roughly right when it is shown again.
const REFRESH_HIDDEN: Duration = Duration::from_secs(5);

/// How often to look for a newer picture of the camera.
const PREVIEW: Duration = Duration::from_millis(50);

/// How long a notice stays.
const NOTICE: Duration = Duration::from_secs(8);

/// What the overlay shows, and whether that changed since it was drawn.
pub(super) struct Overlay {
    hidden: bool,
    help: bool,
    figures: Figures,
    refreshed: Option<Instant>,
    notices: Vec<(Instant, String)>,
    preview: Preview,
    /// The picture of the preview that is shown, and when to look for another; none while it is off.
    previewed: Option<(u64, Instant)>,
    changed: bool,
}

impl Overlay {
    /// Shown at first, with a word on how to hide it; the `preview` when asked for.
    pub(super) fn new(preview: Preview) -> Self {
        Self {
            hidden: false,
            help: false,
            figures: Figures::default(),
            refreshed: None,
            notices: Vec::new(),
            preview,
            previewed: None,
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
        self.want_preview();
    }

    /// Shows what the cameras see, or no longer; shows the overlay if it was hidden.
    pub(super) fn toggle_preview(&mut self) {
        let shown = self.previewed.is_some() && !self.hidden;
        self.previewed = (!shown).then(|| (self.preview.edition(), Instant::now()));
        self.hidden = false;
        self.want_preview();
    }

    /// Pictures are made for the preview only while it is seen.
    fn want_preview(&mut self) {
        self.preview.set_wanted(self.previewed.is_some() && !self.hidden);
        self.changed = true;
    }

    /// Has a newer picture of the cameras drawn.
    pub(super) fn follow_preview(&mut self, now: Instant) {
        let edition = self.preview.edition();
        if let Some((shown, due)) = self.previewed.as_mut().filter(|(_, due)| *due <= now) {
            *due = now + PREVIEW;
            if *shown != edition {
                *shown = edition;
                self.changed = true;
            }
        }
    }

    /// When to look for a newer picture of the cameras; never while none is shown.
    pub(super) fn preview_due(&self) -> Option<Instant> {
        self.previewed.filter(|_| !self.hidden).map(|(_, due)| due)
    }

    /// What the cameras see, while it is to be shown.
    fn shown_preview(&self) -> Option<&Preview> {
        self.previewed.map(|_| &self.preview)
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

    /// Shows a message for some seconds.
    pub(super) fn notify(&mut self, text: String, now: Instant) {
        self.notices.retain(|(_, shown)| *shown != text);
        self.notices.push((now, text));
        self.changed = true;
    }

    /// When the figures are old enough to be updated; none if they never were.
    pub(super) fn figures_due(&self) -> Option<Instant> {
        let wait = if self.hidden { REFRESH_HIDDEN } else { REFRESH };
        self.refreshed.map(|refreshed| refreshed + wait)
    }

    /// Updates the figures.
    pub(super) fn set_status(&mut self, status: &Status, now: Instant) {
        let figures = Figures::new(status);
        self.refreshed = Some(now);
        self.changed |= self.figures != figures;
        self.figures = figures;
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

    /// Marks it as changed: the pointer did something, or the window changed.
    pub(super) fn touch(&mut self) {
        self.changed = true;
    }

    /// Whether it must be laid out again; resets the mark.
    pub(super) fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether what is on the screen is out of date.
    pub(super) fn is_out_of_date(&self) -> bool {
        self.changed && !self.hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn() -> Overlay {
        Overlay { changed: false, ..Overlay::new(Preview::default()) }
    }

    #[test]
    fn figures_that_read_alike_cost_no_drawing() {
        let now = Instant::now();
        let mut overlay = drawn();
        let status = |fps| Status { fps, ..Status::default() };
        overlay.set_status(&status(59.9), now);
        assert!(overlay.take_change());
        overlay.set_status(&status(60.1), now);
        assert!(!overlay.is_out_of_date());
        assert_eq!(overlay.figures_due(), Some(now + REFRESH));
        overlay.toggle();
        assert_eq!(overlay.figures_due(), Some(now + REFRESH_HIDDEN), "nobody reads them");
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
    fn a_preview_is_made_only_while_it_is_seen() {
        let mut overlay = drawn();
        let source = overlay.preview.clone();
        assert!(!source.is_wanted() && overlay.preview_due().is_none());
        overlay.toggle_preview();
        assert!(source.is_wanted() && overlay.preview_due().is_some());
        overlay.take_change();
        source.show(|picture| picture.shrink(1, 1, &[1, 2, 3]));
        overlay.follow_preview(Instant::now() + PREVIEW);
        assert!(overlay.is_out_of_date());
        overlay.toggle();
        assert!(!source.is_wanted() && overlay.preview_due().is_none(), "hidden");
        overlay.toggle_preview();
        assert!(source.is_wanted() && !overlay.is_hidden(), "asking for it shows it");
        overlay.toggle_preview();
        assert!(!source.is_wanted() && overlay.shown_preview().is_none());
    }

    #[test]
    fn asking_for_help_shows_a_hidden_overlay() {
        let mut overlay = drawn();
        overlay.toggle();
        assert!(overlay.is_hidden());
        overlay.toggle_help();
        assert!(!overlay.is_hidden() && overlay.help);
        overlay.toggle_help();
        assert!(!overlay.is_hidden() && !overlay.help);
    }
}
