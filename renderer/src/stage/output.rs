//! What every output of the show is asked for.

use crate::settings::Background;
use bunraku_engine::CpuFrame;

/// Takes the show's frames somewhere. It lives on the show's thread, so it must not wait for anybody for long.
pub trait Output: Send {
    /// Takes the frame of a step; `fresh` says whether it differs from the one before. Called after every step.
    fn present(&mut self, frame: &CpuFrame, fresh: bool);

    /// Whether anyone can see what it takes. A show that nobody watches draws nothing.
    fn is_watched(&self) -> bool {
        true
    }

    /// Puts something else behind the character from the next frame on.
    ///
    /// # Errors
    /// When it cannot be shown, in words; the old one stays.
    fn set_background(&mut self, background: &Background) -> Result<(), String>;

    /// Tells the person something, if it has a way to.
    fn notify(&mut self, notice: &str) {
        let _ = notice;
    }

    /// What went wrong with it since it was last asked, in words.
    fn trouble(&mut self) -> Option<String> {
        None
    }
}
