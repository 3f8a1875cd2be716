//! The window: shows the puppet and its overlay, takes keys, clicks and dropped characters.
//!
//! It runs on the main thread, holds a [`PuppetHandle`](crate::runtime::PuppetHandle), and draws only what changed.

mod alpha;
mod app;
mod backoff;
mod dropped;
mod graphics;
mod input;
mod keys;
mod libraries;
#[cfg(all(unix, not(target_os = "macos")))]
mod mapped;
mod open;
mod overlay;
mod picture;
mod place;
mod present;
mod recovery;
mod surface;
mod swapchain;
mod system;
mod visibility;

pub use graphics::GraphicsError;
pub use system::{WindowError, WindowSystem};
