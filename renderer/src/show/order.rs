//! What the show is told while it runs, by the window, the control service and Ctrl-C.

use super::bell::Bell;
use crate::{
    character::CharacterChoice,
    settings::{Background, QualityChoice},
};
use bunraku_capture::SourceSpec;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use tokio::sync::oneshot;

/// How many orders may wait for the show's next step.
const WAITING: usize = 64;

/// Which source to make live.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// By its place in the list, 0 first.
    Index(usize),
    /// By its name, such as `replay`; the first of that name.
    Name(String),
    /// A source that is opened for it.
    Spec(SourceSpec),
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Make a source live.
    ChooseSource(Choice),
    /// Take the face's present turn as straight ahead.
    Recentre,
    /// Put another character on stage.
    LoadCharacter(CharacterChoice),
    /// Put something else behind the character.
    SetBackground(Background),
    /// Draw at another size (pixels, 128 to 2048).
    SetSize(usize),
    /// Draw with another quality.
    SetQuality(QualityChoice),
    /// Take as many steps a second as the display shows pictures, unless a rate was asked for.
    SetDisplayRate(f64),
    /// End the show.
    Quit,
}

/// How an order went: done, or why not.
pub type Outcome = Result<(), String>;

/// An order on its way, and who waits for its outcome.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) order: Order,
    pub(super) reply: Option<oneshot::Sender<Outcome>>,
}

impl Letter {
    /// Tells whoever waits how it went.
    pub(super) fn answer(self, outcome: Outcome) {
        if let Some(reply) = self.reply {
            // Whoever asked may have gone.
            let _ = reply.send(outcome);
        }
    }
}

/// Where orders are handed in. Cheap to clone; never blocks.
#[derive(Clone, Debug)]
pub struct Orders {
    letters: SyncSender<Letter>,
    bell: Bell,
}

/// The show has ended, or has so many orders waiting that it takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Too many orders wait.
    #[error("the show has too many orders waiting; try again")]
    Busy,
    /// The show is over.
    #[error("the show has ended")]
    Ended,
}

impl Orders {
    /// The two ends: for everybody, and for the show, which `bell` wakes.
    pub(super) fn new(bell: Bell) -> (Self, Receiver<Letter>) {
        let (letters, inbox) = sync_channel(WAITING);
        (Self { letters, bell }, inbox)
    }

    /// Hands in an order; how it went is seen in the status.
    ///
    /// # Errors
    /// When the show takes no orders now.
    pub fn send(&self, order: Order) -> Result<(), OrderError> {
        self.post(Letter { order, reply: None })
    }

    /// Hands in an order; the receiver gets its outcome.
    ///
    /// # Errors
    /// When the show takes no orders now.
    pub fn ask(&self, order: Order) -> Result<oneshot::Receiver<Outcome>, OrderError> {
        let (reply, outcome) = oneshot::channel();
        self.post(Letter { order, reply: Some(reply) }).map(|()| outcome)
    }

    fn post(&self, letter: Letter) -> Result<(), OrderError> {
        self.letters.try_send(letter).map_err(|error| match error {
            TrySendError::Full(_) => OrderError::Busy,
            TrySendError::Disconnected(_) => OrderError::Ended,
        })?;
        self.bell.ring();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_beyond_the_limit_are_refused_and_none_after_the_end() {
        let (orders, inbox) = Orders::new(Bell::default());
        for _ in 0..WAITING {
            assert_eq!(orders.send(Order::Recentre), Ok(()));
        }
        assert_eq!(orders.send(Order::Recentre), Err(OrderError::Busy));
        drop(inbox);
        assert_eq!(orders.send(Order::Quit), Err(OrderError::Ended));
    }
}
