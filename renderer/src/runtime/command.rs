//! What the puppet can be told while it runs.

use crate::{
    character::CharacterChoice,
    settings::{Background, QualityChoice},
};
use bunraku_capture::SourceSpec;
use std::sync::mpsc::TrySendError;
use tokio::sync::oneshot;

/// Which source to make live.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceChoice {
    /// By its place in the list, 0 first.
    Index(usize),
    /// By its name, such as `replay`; the first of that name.
    Name(String),
    /// A source to open, unless it runs already.
    Spec(SourceSpec),
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make a source live.
    ChooseSource(SourceChoice),
    /// Take the face's present turn as straight ahead.
    Recentre,
    /// Draw another character.
    LoadCharacter(CharacterChoice),
    /// Change the background.
    SetBackground(Background),
    /// Draw at another size (pixels, 128 to 2048).
    SetSize(usize),
    /// Draw with another quality.
    SetQuality(QualityChoice),
    /// Step at the display's rate, in hertz, unless a frame rate was asked for.
    SetDisplayRate(f64),
    /// End the puppet.
    Quit,
}

/// Whether a command was done, or why not.
pub type Outcome = Result<(), String>;

/// A command on its way, and who waits for its outcome.
#[derive(Debug)]
pub(super) struct PendingCommand {
    pub(super) command: Command,
    pub(super) reply: Option<oneshot::Sender<Outcome>>,
}

impl PendingCommand {
    /// Gives the outcome to whoever waits for it.
    pub(super) fn answer(self, outcome: Outcome) {
        if let Some(reply) = self.reply {
            // The receiver may be gone.
            let _ = reply.send(outcome);
        }
    }
}

/// Why the puppet takes no command now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Too many commands wait.
    #[error("the puppet has too many commands waiting; try again")]
    Busy,
    /// The puppet is gone.
    #[error("the puppet has ended")]
    Ended,
}

impl<T> From<TrySendError<T>> for CommandError {
    fn from(error: TrySendError<T>) -> Self {
        match error {
            TrySendError::Full(_) => Self::Busy,
            TrySendError::Disconnected(_) => Self::Ended,
        }
    }
}
