//! Reads characters on a thread of their own, so that the puppet keeps moving meanwhile.

use super::{command::PendingCommand, wake::WakeSignal};
use crate::character::CharacterChoice;
use bunraku_core::character::CharacterError;
use bunraku_engine::Character;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// A character that was read, or why it could not be, with the command that asked for it.
pub(super) type Loaded = (PendingCommand, Result<Character, CharacterError>);

/// Reads characters and keeps those that are ready.
pub(super) struct Loader {
    ready: Receiver<Loaded>,
    done: SyncSender<Loaded>,
    wake: WakeSignal,
    under_way: usize,
}

/// How many characters may be read at once.
const MOST: usize = 4;

impl Loader {
    pub(super) fn new(wake: WakeSignal) -> Self {
        // Room for all that may be under way: nobody waits.
        let (done, ready) = sync_channel(MOST);
        Self { ready, done, wake, under_way: 0 }
    }

    /// Reads the character `choice` for `pending`.
    pub(super) fn load(&mut self, pending: PendingCommand, choice: CharacterChoice) {
        if self.under_way >= MOST {
            return pending.answer(Err("too many characters are being read already; try again".to_owned()));
        }
        let (done, wake) = (self.done.clone(), self.wake.clone());
        // The command is handed over once the thread runs: without one it must be answered here.
        let (hand_over, handed) = sync_channel(1);
        let read = move || {
            let Ok(pending) = handed.recv() else { return };
            let character = choice.load();
            // The puppet may have ended meanwhile.
            let _ = done.send((pending, character));
            wake.wake();
        };
        match std::thread::Builder::new().name("loader".to_owned()).spawn(read) {
            Ok(_) => {
                self.under_way += 1;
                // There is room for one, and the thread waits for it.
                let _ = hand_over.send(pending);
            }
            Err(error) => pending.answer(Err(format!("cannot start a thread to read the character: {error}"))),
        }
    }

    /// A character that is ready, if any. Allocates nothing while none is.
    pub(super) fn take(&mut self) -> Option<Loaded> {
        let loaded = self.ready.try_recv().ok()?;
        self.under_way -= 1;
        Some(loaded)
    }
}
