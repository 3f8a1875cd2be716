//! A show on its own thread.

use super::{Backstage, Setup, Show, ShowError};
use crate::stage::Output;
use bunraku_core::source::CancellationToken;
use std::{sync::mpsc::sync_channel, thread::JoinHandle};

/// A running show. Dropping it does not end it; [`Running::finish`] waits for its end.
pub struct Running {
    backstage: Backstage,
    thread: JoinHandle<Result<(), ShowError>>,
}

/// Starts a show on a thread of its own, which also opens its engine, and returns when it is about to take its first
/// step. It ends when `stop` is cancelled, when it is told to, or after its frames.
///
/// # Errors
/// As [`Show::new`], and when no thread can be started.
pub fn spawn<M>(make: M, outputs: Vec<Box<dyn Output>>, stop: CancellationToken) -> Result<Running, ShowError>
where
    M: FnOnce() -> Setup + Send + 'static,
{
    let (opened, ready) = sync_channel(1);
    let perform = move || match Show::new(make(), outputs) {
        Ok((mut show, backstage)) => {
            // Nobody waits if the starter is gone.
            let _ = opened.send(Ok(backstage));
            show.run(&stop)
        }
        Err(error) => {
            let _ = opened.send(Err(error));
            Ok(())
        }
    };
    let thread = std::thread::Builder::new().name("show".to_owned()).spawn(perform).map_err(ShowError::Thread)?;
    let backstage = ready.recv().map_err(|_| ShowError::Broken)??;
    Ok(Running { backstage, thread })
}

impl Running {
    /// Where it takes orders and tells its status.
    pub fn backstage(&self) -> &Backstage {
        &self.backstage
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it had to end.
    pub fn finish(self) -> Result<(), ShowError> {
        self.thread.join().map_err(|_| ShowError::Broken)?
    }
}
