//! The window: how to get one, and why there may be none.

use super::{Feed, GraphicsError, Waker, app::App, libraries, wake::Woken};
use crate::settings::Background;
use bunraku_capture::{Pointer, Preview};
use winit::{
    error::{EventLoopError, OsError},
    event_loop::EventLoop,
};

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// No window system answers.
    #[error("there is no display to open a window on: {}", reason(_0))]
    NoDisplay(EventLoopError),
    /// A library that the window system is reached through is missing.
    #[error(
        "the window system cannot be reached: {_0}; install libxkbcommon-x11 for X11 (libxkbcommon-x11-0 on Debian and \
         Ubuntu) or libxkbcommon for Wayland"
    )]
    NoLibrary(String),
    /// The window system refuses a window.
    #[error("the window system opens no window: {0}")]
    Refused(#[from] OsError),
    /// Nothing can draw on it.
    #[error(transparent)]
    Graphics(#[from] GraphicsError),
    /// The window system went away.
    #[error("the window system ended: {0}")]
    Ended(EventLoopError),
}

/// What the window system says, without the place in winit's source that it puts before.
fn reason(error: &EventLoopError) -> String {
    let text = error.to_string();
    let place_and_why = text.split_once(".rs:").and_then(|(_, rest)| rest.split_once(": "));
    place_and_why.map_or(text.as_str(), |(_, why)| why).trim_end_matches('.').to_owned()
}

/// Connects by `build`, which may panic for want of a library.
fn reach<T>(build: impl FnOnce() -> Result<T, EventLoopError>) -> Result<T, WindowError> {
    libraries::caught(build).map_err(WindowError::NoLibrary)?.map_err(WindowError::NoDisplay)
}

/// How the window looks at first.
#[derive(Clone, Debug)]
pub struct WindowOptions {
    /// Edge of its inside in logical pixels.
    pub size: usize,
    /// What is behind the character.
    pub background: Background,
    /// What the cameras see, to be shown when asked for.
    pub preview: Preview,
}

/// A window system that answers, before there is a window.
///
/// Made first, so that the show can be given its [`Waker`].
pub struct WindowStage {
    event_loop: EventLoop<Woken>,
    waker: Waker,
}

impl WindowStage {
    /// Connects to the window system. Must be called on the main thread, once.
    ///
    /// # Errors
    /// When there is no display; the show can go on without a window.
    pub fn connect() -> Result<Self, WindowError> {
        let event_loop = reach(|| EventLoop::with_user_event().build())?;
        let waker = Waker::new(event_loop.create_proxy());
        Ok(Self { event_loop, waker })
    }

    /// Wakes the window.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Opens the window and returns when it was closed or the show has ended.
    ///
    /// # Errors
    /// When no window can be opened or nothing can draw on it; the show can go on without.
    pub fn run(self, options: WindowOptions, feed: impl Feed, pointer: Pointer) -> Result<(), WindowError> {
        let mut app = App::new(options, feed, pointer, self.waker);
        self.event_loop.run_app(&mut app).map_err(WindowError::Ended)?;
        app.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_an_error_that_says_what_to_install() {
        let missing = reach::<()>(|| panic!("libxkbcommon-x11.so could not be loaded"));
        let said = missing.map_err(|error| error.to_string());
        assert!(
            said.is_err_and(|said| said.contains("could not be loaded") && said.contains("install libxkbcommon-x11"))
        );
    }
}
