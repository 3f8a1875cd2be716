//! A show's backstage without a show, for tests of what stands around it.

use super::{Backstage, Bell, Board, Orders, Outcome, Status, order::Letter};
use std::{
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

/// What the show would read, in a test's hands.
pub(crate) struct Inbox {
    letters: Receiver<Letter>,
    board: Board,
    bell: Bell,
}

/// The ends of a show that is not there.
pub(crate) fn backstage() -> (Backstage, Inbox) {
    let bell = Bell::default();
    let (orders, letters) = Orders::new(bell.clone());
    let board = Board::new(bell.clone());
    (Backstage { orders, board: board.clone() }, Inbox { letters, board, bell })
}

impl Inbox {
    /// Waits for the next order, answers it with `outcome` and gives what it was, for comparison.
    pub(crate) fn answer(&self, outcome: Outcome) -> super::Order {
        let letter = self.letters.recv_timeout(Duration::from_secs(20)).expect("an order comes");
        let order = letter.order.clone();
        letter.answer(outcome);
        order
    }

    /// Waits until somebody wants the status, and gives it.
    pub(crate) fn describe(&self, status: Status) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.board.is_wanted() {
            assert!(self.bell.wait_until(deadline), "nobody asks for the status");
        }
        self.board.write(status);
    }
}
