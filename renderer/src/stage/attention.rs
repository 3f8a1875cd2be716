//! Whether anyone can see the window.
//!
//! Known are: a window of no pixels; a minimised one where the system says so (X11 by `_NET_WM_STATE_HIDDEN`, Windows,
//! macOS); and one that the system reports as wholly covered (X11, macOS, some Wayland compositors). Not known are an X11
//! window that was unmapped without being minimised, and a minimised one on Wayland, which tells no program: both go on
//! being drawn.

/// What is known of the window's visibility.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attention {
    /// It has no pixels.
    pub(super) empty: bool,
    /// It is minimised.
    pub(super) minimised: bool,
    /// The system says that nothing of it is on the screen.
    pub(super) occluded: bool,
}

impl Attention {
    /// Whether it is worth drawing.
    ///
    /// A covered window is still captured on macOS, by OBS for one, so only a minimised one rests there. X11 reports a
    /// window as covered only where nothing could capture it either.
    pub(super) const fn is_watched(self) -> bool {
        let covered = self.occluded && !cfg!(target_os = "macos");
        !self.empty && !self.minimised && !covered
    }
}
