//! The control service: a small HTTP interface to the running puppet, on a thread of its own.
//!
//! It listens on loopback by default; `guard.rs` decides which requests it answers.

mod failure;
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
    generated_token: Option<Token>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts to listen on `address` and to answer. Requests need `token` if there is one; for an address that is not a
    /// loopback one, a missing token is generated.
    ///
    /// # Errors
    /// When the address is taken or not this machine's, or no thread can be started.
    pub fn start(address: SocketAddr, token: Option<Token>, puppet: PuppetHandle) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let listener = runtime.block_on(TcpListener::bind(address))?;
        let address = listener.local_addr()?;
        let generated_token = (token.is_none() && !address.ip().is_loopback()).then(Token::random).transpose()?;
        let app = routes::router(puppet, Guard::new(address, token.or_else(|| generated_token.clone())));
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
        Ok(Self { address, generated_token, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The token that was generated because none was given, to be printed.
    pub fn generated_token(&self) -> Option<&Token> {
        self.generated_token.as_ref()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic was reported by the thread itself and must not spread.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
