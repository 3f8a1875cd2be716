//! Whether an X11 window is shown at all, which winit does not say.

use winit::{
    raw_window_handle::{HasWindowHandle as _, RawWindowHandle},
    window::Window,
};
use x11rb::{
    protocol::xproto::{ConnectionExt as _, MapState},
    rust_connection::RustConnection,
};

/// Asks the X server, over a connection of its own, since winit keeps what the shared one hears of mapping.
#[derive(Debug)]
pub(super) struct Mapped {
    server: RustConnection,
    window: u32,
}

impl Mapped {
    /// For an X11 window; none for any other, or where the server takes no second connection.
    pub(super) fn of(window: &Window) -> Option<Self> {
        let window = match window.window_handle().ok()?.as_raw() {
            RawWindowHandle::Xlib(handle) => u32::try_from(handle.window).ok()?,
            RawWindowHandle::Xcb(handle) => handle.window.get(),
            _ => return None,
        };
        match x11rb::connect(None) {
            Ok((server, _)) => Some(Self { server, window }),
            Err(error) => {
                tracing::warn!("a window that is unmapped without being minimised will be drawn on: {error}");
                None
            }
        }
    }

    /// Whether the window and all that it lies in are mapped: else nothing of it is on the screen, and the server keeps
    /// no pixels of it that could be captured. One round trip.
    pub(super) fn is_viewable(&self) -> bool {
        let asked = self.server.get_window_attributes(self.window).ok();
        // A server that does not answer ends the window by other ways.
        asked.and_then(|asked| asked.reply().ok()).is_none_or(|reply| reply.map_state == MapState::VIEWABLE)
    }
}
