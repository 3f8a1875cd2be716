//! What the window takes from the show, and what it asks of it.

use super::{Picture, Readout};
use crate::settings::Background;
use std::path::PathBuf;

/// What the person asks of the show through the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Make the source of this index live.
    ChooseSource(usize),
    /// Take the face's present turn as straight ahead.
    Recentre,
    /// Load this character model: its folder or its `character_model.yaml`.
    LoadCharacter(PathBuf),
    /// Have this behind the character everywhere; the window shows it already.
    SetBackground(Background),
}

/// The window's end of the show. The show draws on its own thread and wakes the window with a
/// [`Waker`](super::Waker) when a picture, a notice or the readout is newer. Nothing here may block.
pub trait Feed {
    /// Moves on to the newest picture. False if there is none newer.
    fn advance(&mut self) -> bool;

    /// The picture last moved on to.
    fn picture(&self) -> &Picture;

    /// The show's figures and sources. Asked for four times a second at most.
    fn readout(&self) -> Readout;

    /// The next thing to tell the person, if any.
    fn notice(&mut self) -> Option<String>;

    /// The background somebody asked for since the last call, if any.
    fn background(&mut self) -> Option<Background>;

    /// Asks something of the show, which answers in its own time.
    fn ask(&self, request: Request);

    /// Says whether anyone can see the window; nothing needs to be drawn for it otherwise.
    fn set_watched(&self, watched: bool);

    /// Says how many pictures a second the display shows.
    fn set_display_rate(&self, hertz: f64);

    /// Whether the show is over, so that the window closes.
    fn has_ended(&self) -> bool;
}
