//! The window system: how to reach it, and why there may be no window.

use super::{
    GraphicsError,
    app::{App, Woken},
    graphics, libraries,
};
use crate::{
    config::Config,
    runtime::{PuppetHandle, SharedGpu},
};
use bunraku_capture::Surroundings;
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

/// The window system's own words, without the place in winit's source before them.
fn reason(error: &EventLoopError) -> String {
    let text = error.to_string();
    let place_and_why = text.split_once(".rs:").and_then(|(_, rest)| rest.split_once(": "));
    place_and_why.map_or(text.as_str(), |(_, why)| why).trim_end_matches('.').to_owned()
}

/// Connects by `build`, which panics where a library is missing.
fn reach<T>(build: impl FnOnce() -> Result<T, EventLoopError>) -> Result<T, WindowError> {
    libraries::caught(build).map_err(WindowError::NoLibrary)?.map_err(WindowError::NoDisplay)
}

/// A window system that answers, before there is a window.
pub struct WindowSystem(EventLoop<Woken>);

impl WindowSystem {
    /// Connects to the window system. Must be called on the main thread, once.
    ///
    /// # Errors
    /// When there is no display; the puppet can run without a window.
    pub fn connect() -> Result<Self, WindowError> {
        Ok(Self(reach(|| EventLoop::with_user_event().build())?))
    }

    /// Where to find GPUs that can present to a window here; none where a library is missing.
    pub fn gpu_instance(&self) -> Option<wgpu::Instance> {
        libraries::caught(|| graphics::instance(self.0.owned_display_handle(), wgpu::Backends::all())).ok()
    }

    /// Opens the window on `puppet`, which draws on `gpu`, and returns when the window was closed or the puppet has ended.
    ///
    /// # Errors
    /// When no window can be opened or nothing can draw on it; the puppet can run without.
    pub fn run(
        self,
        config: &Config,
        puppet: PuppetHandle,
        surroundings: &Surroundings,
        gpu: &SharedGpu,
    ) -> Result<(), WindowError> {
        let mut app = App::new(config, surroundings, puppet, gpu, self.0.create_proxy());
        self.0.run_app(&mut app).map_err(WindowError::Ended)?;
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
