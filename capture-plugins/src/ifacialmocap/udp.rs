//! Packets over UDP: each datagram is one.

use super::{
    Link,
    advice::LinkError,
    greeter::Greeter,
    session::{PACKET_LIMIT, Session},
};
use bunraku_core::source::CancellationToken;
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};
use tokio::net::UdpSocket;

/// The most datagrams read before everything else gets its turn. A storm fills the system's own bounded buffer, which
/// drops what is over.
const DRAIN_LIMIT: usize = 1024;

/// Receives until `stop`, or until the socket fails.
pub(super) async fn serve(link: &Link, session: &mut Session, stop: &CancellationToken) -> Result<(), LinkError> {
    let socket = bind(link).await.map_err(|error| LinkError::binding("UDP", link.port, error))?;
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        error = receive(link, &socket, session) => Err(error),
    }
}

async fn bind(link: &Link) -> io::Result<UdpSocket> {
    if link.phone.as_ref().is_some_and(super::phone::PhoneAddress::is_ipv6) {
        UdpSocket::bind((Ipv6Addr::UNSPECIFIED, link.port)).await
    } else {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, link.port)).await
    }
}

async fn receive(link: &Link, socket: &UdpSocket, session: &mut Session) -> LinkError {
    let port = match socket.local_addr() {
        Ok(address) => address.port(),
        Err(error) => return error.into(),
    };
    // The greeting leaves from the receiving socket, so that it serves apps that answer its sender as well as those that
    // answer port 49983.
    let mut greeter = Greeter::new(link.phone.as_ref(), link.version, false);
    let mut ticks = super::ticks();
    let mut newest = Newest::default();
    loop {
        tokio::select! {
            _ = ticks.tick() => greeter.tick(socket, session, port).await,
            ready = socket.readable() => {
                match ready.and_then(|()| drain(socket, session, &greeter, &mut newest)) {
                    Ok(true) => {}
                    // In a storm the other tasks of this thread get their turn.
                    Ok(false) => tokio::task::yield_now().await,
                    Err(error) => return error.into(),
                }
            }
        }
    }
}

/// Two buffers that change places, so that the newest datagram is kept while the next is read.
struct Newest {
    incoming: Box<[u8]>,
    kept: Box<[u8]>,
}

impl Default for Newest {
    fn default() -> Self {
        // One byte more than is looked at tells a packet that is too long from one that just fits.
        let buffer = || vec![0; PACKET_LIMIT + 1].into_boxed_slice();
        Self { incoming: buffer(), kept: buffer() }
    }
}

/// Reads all that waits. While a phone is live only its newest packet is parsed; before that each one is, so that no
/// stream of junk hides the first good packet. False if the limit was reached before all was read.
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

/// Whether an error tells of a datagram and not of the socket: Windows reports here that an earlier greeting found
/// nobody listening (10054), or that a datagram is longer than the buffer (10040).
fn is_about_one_datagram(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused)
        || (cfg!(windows) && error.raw_os_error() == Some(10040))
}
