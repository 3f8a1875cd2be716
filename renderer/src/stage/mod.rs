//! Where frames go: the window, where the puppet is seen, dropped on and steered, and files.
//!
//! Outputs that only take frames implement [`Output`]. The window has a life of its own on the main thread: it takes the
//! show's newest picture through a [`Feed`] and presents it when it changed, and never otherwise. Everything it asks of
//! the show is a [`Request`].

mod alpha;
mod app;
mod attention;
mod backdrop;
mod canvas;
mod dropped;
mod easel;
mod feed;
mod file;
mod graphics;
mod input;
mod keys;
mod libraries;
#[cfg(all(unix, not(target_os = "macos")))]
mod mapped;
mod open;
mod output;
mod overlay;
mod picture;
mod place;
mod present;
mod readout;
mod recovery;
mod surface;
mod wake;
mod window;

pub use backdrop::{Backdrop, BackdropError};
pub use feed::{Feed, Request};
pub use file::{FileError, FileOutput, Lost};
pub use graphics::GraphicsError;
pub use output::Output;
pub use picture::Picture;
pub use readout::{Readout, SourceLine};
pub use wake::Waker;
pub use window::{WindowError, WindowOptions, WindowStage};
