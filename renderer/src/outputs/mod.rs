//! Where frames go besides the window, one file an output. A new output is a file here and a line in [`open`].

mod png;
mod shared;

pub use png::PngFolder;
pub(crate) use shared::Outputs;

use crate::{config::Config, settings::Background};
use bunraku_engine::CpuFrame;
use std::sync::Arc;

/// Takes the puppet's frames somewhere. It is called on the puppet's thread, so slow work belongs on its own thread.
pub trait Output: Send {
    /// Takes the frame of a step; `fresh` says whether it differs from the one before. Called after every step.
    fn present(&mut self, frame: &Arc<CpuFrame>, fresh: bool);

    /// Changes the background from the next frame on.
    ///
    /// # Errors
    /// Why it cannot be shown; the old one stays.
    fn set_background(&mut self, background: &Background) -> Result<(), String>;

    /// What went wrong since this was last asked.
    fn trouble(&mut self) -> Option<String> {
        None
    }

    /// Waits until everything taken is where it belongs. Called once, at the end.
    ///
    /// # Errors
    /// What is missing.
    fn finish(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// Why an output cannot be opened, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct OutputError {
    why: String,
    /// What to do.
    pub help: &'static str,
}

/// Opens all outputs that `config` asks for.
///
/// # Errors
/// When one of them cannot be opened.
pub fn open(config: &Config) -> Result<Vec<Box<dyn Output>>, OutputError> {
    let opened = [png::open(config)?];
    Ok(opened.into_iter().flatten().collect())
}
