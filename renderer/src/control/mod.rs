//! The control service: a small HTTP interface to the running puppet, on a thread of its own.
//!
//! It listens on this machine only unless told otherwise; `guard.rs` says whom it answers.

mod guard;
mod listener;
mod openapi;
mod routes;
mod token;

use crate::runtime::PuppetHandle;
use bunraku_core::source::CancellationToken;
pub use guard::Guard;
use listener::Listener;
use std::{io, net::SocketAddr, thread::JoinHandle};
pub use token::Token;
use tokio::net::TcpListener;

/// The running service. It ends when this is dropped.
#[derive(Debug)]
pub struct Service {
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts to listen on `address` and to answer. `token` is asked for where it is given, and must be given where the
    /// address is not this machine's own.
    ///
    /// # Errors
    /// When the address cannot be listened on (taken, not this machine's), or a thread cannot be started.
    pub fn start(address: SocketAddr, token: Option<Token>, puppet: PuppetHandle) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let listener = runtime.block_on(TcpListener::bind(address))?;
        let address = listener.local_addr()?;
        let app = routes::router(puppet, Guard::new(address, token));
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name("control".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = stopped.cancelled() => {}
                    // Accepting goes on after errors; it never ends by itself.
                    _ = axum::serve(Listener::new(listener), app) => {}
                }
            });
        })?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of the service was reported by its thread and must not spread.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
