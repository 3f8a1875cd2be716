//! Limits connections: how many at a time, and how long one may stay silent.

use super::routes::COMMAND_TIMEOUT;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};

/// Connections at a time; more wait until one ends. One user's programs need no more.
const MOST_CONNECTIONS: usize = 64;

/// How long a connection may take until the answer to its request begins: longer than any command, and short enough that
/// silent ones do not keep others out for good.
const PATIENCE: Duration = Duration::from_secs(10).saturating_add(COMMAND_TIMEOUT);

/// Accepts connections while there is room.
#[derive(Debug)]
pub(super) struct Listener {
    tcp: TcpListener,
    room: Arc<Semaphore>,
}

impl Listener {
    pub(super) fn new(tcp: TcpListener) -> Self {
        Self { tcp, room: Arc::new(Semaphore::new(MOST_CONNECTIONS)) }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        // The semaphore is never closed, so a permit always comes.
        let permit = Arc::clone(&self.room).acquire_owned().await.ok();
        let (stream, from) = axum::serve::Listener::accept(&mut self.tcp).await;
        (Connection::new(stream, permit), from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A connection that ends if no request is answered in time.
#[derive(Debug)]
pub(super) struct Connection<S> {
    stream: S,
    /// None once the answer has begun.
    deadline: Option<Pin<Box<Sleep>>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<S> Connection<S> {
    fn new(stream: S, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self { stream, deadline: Some(Box::pin(sleep(PATIENCE))), _permit: permit }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(context).is_ready()) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.deadline = None;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::serve::Listener as _;
    use std::task::Waker;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        time::Instant,
    };

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_is_ended_and_an_answered_one_stays() {
        let (mut caller, stream) = duplex(64);
        let mut connection = Connection::new(stream, None);
        caller.write_all(b"GET").await.expect("sent");
        let mut bytes = [0; 3];
        connection.read_exact(&mut bytes).await.expect("there is something");
        let start = Instant::now();
        let error = connection.read_u8().await.expect_err("the rest never comes");
        assert_eq!((error.kind(), start.elapsed()), (io::ErrorKind::TimedOut, PATIENCE));

        let (mut caller, stream) = duplex(64);
        let mut connection = Connection::new(stream, None);
        connection.write_all(b"HTTP").await.expect("sent");
        let later = tokio::spawn(async move {
            sleep(10 * PATIENCE).await;
            caller.write_u8(7).await.expect("sent");
            caller
        });
        assert_eq!(connection.read_u8().await.expect("still connected"), 7);
        drop(later);
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_until_another_ends() {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut listener = Listener { tcp, room: Arc::new(Semaphore::new(2)) };
        let address = listener.local_addr().expect("an address");
        let mut callers = vec![];
        for _ in 0..3 {
            callers.push(TcpStream::connect(address).await.expect("it listens"));
        }
        let first = listener.accept().await;
        let second = listener.accept().await;
        {
            let mut third = Box::pin(listener.accept());
            assert!(third.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "there is no room");
            drop(first);
            third.await;
        }
        drop(second);
    }
}
