//! A puppet on a thread of its own.

use super::{Puppet, PuppetError, PuppetHandle, Setup};
use bunraku_core::source::CancellationToken;
use std::{sync::mpsc::sync_channel, thread::JoinHandle};

/// A running puppet. Dropping it does not end the puppet; [`join`](Self::join) waits for its end.
pub struct RunningPuppet {
    handle: PuppetHandle,
    thread: JoinHandle<Result<(), PuppetError>>,
}

impl Puppet {
    /// Starts a puppet on a thread of its own, which also opens its engine, and returns when it is about to take its
    /// first step. It ends when `stop` is cancelled, when it is told to, or after its frames.
    ///
    /// # Errors
    /// As [`Puppet::new`], and when no thread can be started.
    pub fn spawn(setup: Setup, stop: CancellationToken) -> Result<RunningPuppet, PuppetError> {
        let (opened, ready) = sync_channel(1);
        let live = move || match Self::new(setup) {
            Ok((mut puppet, handle)) => {
                // Nobody waits if the starter is gone.
                let _ = opened.send(Ok(handle));
                puppet.run(&stop)
            }
            Err(error) => {
                let _ = opened.send(Err(error));
                Ok(())
            }
        };
        let thread = std::thread::Builder::new().name("puppet".to_owned()).spawn(live).map_err(PuppetError::Thread)?;
        let handle = ready.recv().map_err(|_| PuppetError::Panicked)??;
        Ok(RunningPuppet { handle, thread })
    }
}

impl RunningPuppet {
    /// Its handle.
    pub fn handle(&self) -> &PuppetHandle {
        &self.handle
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it had to end.
    pub fn join(self) -> Result<(), PuppetError> {
        self.thread.join().map_err(|_| PuppetError::Panicked)?
    }
}
