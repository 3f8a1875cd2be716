//! A handle without a puppet, for tests of what uses one.

use super::{
    Command, Outcome, PuppetHandle, Status,
    handle::{Publisher, channel},
};
use std::time::{Duration, Instant};

/// How long a test waits for what is sure to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The puppet's end of a handle, in a test's hands.
pub(crate) struct FakePuppet(Publisher);

/// A handle and the puppet's end of it.
pub(crate) fn handle() -> (PuppetHandle, FakePuppet) {
    let (handle, publisher) = channel();
    (handle, FakePuppet(publisher))
}

impl FakePuppet {
    /// Waits for the next command, answers it with `outcome` and returns it.
    pub(crate) fn answer(&self, outcome: Outcome) -> Command {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(pending) = self.0.take_command() {
                let command = pending.command.clone();
                pending.answer(outcome);
                return command;
            }
            assert!(self.0.wake_signal().wait_until(deadline), "no command comes");
        }
    }

    /// Waits until somebody asks for the status, and writes it.
    pub(crate) fn describe(&self, status: Status) {
        let deadline = Instant::now() + PATIENCE;
        while !self.0.status().is_wanted() {
            assert!(self.0.wake_signal().wait_until(deadline), "nobody asks for the status");
        }
        self.0.status().write(status);
    }
}
