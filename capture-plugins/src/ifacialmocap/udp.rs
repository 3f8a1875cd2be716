//! Receives packets over UDP, one in each datagram.

use super::{
    Link,
    advice::LinkError,
    greeter::Greeter,
    session::{PACKET_LIMIT, Session},
};
use bunraku_core::source::CancellationToken;
use std::{io, net::SocketAddr};
use tokio::net::UdpSocket;

/// How many datagrams are read before other tasks get a turn. The system's own bounded buffer drops what exceeds it.
const DRAIN_LIMIT: usize = 1024;

/// Receives until `stop` or until the socket fails.
pub(super) async fn serve(link: &Link, session: &mut Session, stop: &CancellationToken) -> Result<(), LinkError> {
    let bound = UdpSocket::bind((link.local_address(), link.port)).await;
    let socket = bound.map_err(|error| LinkError::binding("UDP", link.port, error))?;
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        error = receive(link, &socket, session) => Err(error),
    }
}

async fn receive(link: &Link, socket: &UdpSocket, session: &mut Session) -> LinkError {
    let port = match socket.local_addr() {
        Ok(address) => address.port(),
        Err(error) => return error.into(),
    };
    // Greetings leave from the receiving socket, for apps that answer to the sender as well as those that answer to port
    // 49983.
    let mut greeter = Greeter::new(link.phone.as_ref(), link.version, false);
    let mut ticks = super::ticks();
    let mut newest = Newest::default();
    loop {
        tokio::select! {
            _ = ticks.tick() => greeter.tick(socket, session, port).await,
            ready = socket.readable() => {
                match ready.and_then(|()| drain(socket, session, &greeter, &mut newest)) {
                    Ok(true) => {}
                    // In a packet storm, let the other tasks of this thread run.
                    Ok(false) => tokio::task::yield_now().await,
                    Err(error) => return error.into(),
                }
            }
        }
    }
}

/// Two buffers that swap places, to keep the newest datagram while the next is read.
struct Newest {
    incoming: Box<[u8]>,
    kept: Box<[u8]>,
}

impl Default for Newest {
    fn default() -> Self {
        // One extra byte tells a packet that is too long from one that just fits.
        let buffer = || vec![0; PACKET_LIMIT + 1].into_boxed_slice();
        Self { incoming: buffer(), kept: buffer() }
    }
}

/// Reads all waiting datagrams; false if the limit was reached first. While a phone is live, only its newest packet is
/// parsed; before that every packet is, so that junk cannot hide the first good one.
fn drain(socket: &UdpSocket, session: &mut Session, greeter: &Greeter<'_>, buffers: &mut Newest) -> io::Result<bool> {
    let mut newest: Option<(SocketAddr, usize)> = None;
    let mut is_dry = false;
    for _ in 0..DRAIN_LIMIT {
        let (length, from) = match socket.try_recv_from(&mut buffers.incoming) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                is_dry = true;
                break;
            }
            Err(error) if is_about_one_datagram(&error) => {
                session.skip(1);
                continue;
            }
            Err(error) => return Err(error),
        };
        if greeter.is_looking() || !session.admits(from, greeter.asked()) {
            continue;
        }
        if session.is_quiet() {
            session.take(from, &buffers.incoming[..length]);
        } else {
            newest = Some((from, length));
            std::mem::swap(&mut buffers.incoming, &mut buffers.kept);
        }
    }
    if let Some((from, length)) = newest {
        session.take(from, &buffers.kept[..length]);
    }
    Ok(is_dry)
}

/// Whether an error concerns one datagram rather than the socket: Windows reports here that nobody received an earlier
/// greeting (10054) or that a datagram exceeds the buffer (10040).
fn is_about_one_datagram(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused)
        || (cfg!(windows) && error.raw_os_error() == Some(10040))
}
