//! Characters are read on a thread apart, so that the one on stage keeps moving.

use super::{bell::Bell, order::Letter};
use crate::character::CharacterChoice;
use bunraku_core::character::CharacterError;
use bunraku_engine::Character;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// A character that was read, or why it could not be, for the order that asked for it.
pub(super) type Loaded = (Letter, Result<Character, CharacterError>);

/// Reads characters and keeps those that are ready.
pub(super) struct Loader {
    ready: Receiver<Loaded>,
    done: SyncSender<Loaded>,
    bell: Bell,
    under_way: usize,
}

/// How many characters may be read at once.
const MOST: usize = 4;

impl Loader {
    pub(super) fn new(bell: Bell) -> Self {
        // Room for all that may be under way: nobody waits.
        let (done, ready) = sync_channel(MOST);
        Self { ready, done, bell, under_way: 0 }
    }

    /// Reads the character `choice` for `letter`, or gives the letter back with the reason.
    pub(super) fn load(&mut self, letter: Letter, choice: CharacterChoice) {
        if self.under_way >= MOST {
            return letter.answer(Err("characters are being read already; try again".to_owned()));
        }
        let (done, bell) = (self.done.clone(), self.bell.clone());
        // The letter goes to the thread once there is one: it must be answered if there is none.
        let (hand_over, handed) = sync_channel(1);
        let read = move || {
            let Ok(letter) = handed.recv() else { return };
            let character = choice.load();
            // The show may have ended meanwhile.
            let _ = done.send((letter, character));
            bell.ring();
        };
        match std::thread::Builder::new().name("loader".to_owned()).spawn(read) {
            Ok(_) => {
                self.under_way += 1;
                // There is room for one, and the thread waits for it.
                let _ = hand_over.send(letter);
            }
            Err(error) => letter.answer(Err(format!("cannot start a thread to read the character: {error}"))),
        }
    }

    /// A character that is ready, if any. Allocates nothing while none is.
    pub(super) fn take(&mut self) -> Option<Loaded> {
        let loaded = self.ready.try_recv().ok()?;
        self.under_way -= 1;
        Some(loaded)
    }
}
