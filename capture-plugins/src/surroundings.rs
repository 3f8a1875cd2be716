//! Everything the program shares with its sources: the mouse pointer and the camera preview.

use crate::{Pointer, Preview};

/// What a source receives when it is opened, besides its settings.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The mouse pointer over the puppet's window.
    pub pointer: Pointer,
    /// Where a camera source publishes what it sees.
    pub preview: Preview,
}
