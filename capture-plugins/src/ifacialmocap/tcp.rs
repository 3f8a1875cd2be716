//! Receives packets over TCP: greeted over UDP, the phone connects and ends each packet with a mark.

use super::{
    Link,
    advice::LinkError,
    greeter::Greeter,
    phone::TCP_FRAME_END,
    session::{PACKET_LIMIT, Session},
};
use bunraku_core::source::CancellationToken;
use std::{future::pending, io, net::SocketAddr};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// How many reads are done before other tasks get a turn.
const READ_LIMIT: usize = 64;

/// Receives until `stop`, then asks the phone to stop sending; fails if the listener does.
pub(super) async fn serve(link: &Link, session: &mut Session, stop: &CancellationToken) -> Result<(), LinkError> {
    let (listener, socket) = bind(link).await.map_err(|error| LinkError::binding("TCP", link.port, error))?;
    let mut greeter = Greeter::new(link.phone.as_ref(), link.version, true);
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => Ok(()),
        error = receive(&listener, &socket, &mut greeter, session) => Err(error),
    };
    greeter.say_farewell(&socket);
    ended
}

/// The listener, and a UDP socket for greetings.
async fn bind(link: &Link) -> io::Result<(TcpListener, UdpSocket)> {
    let local = link.local_address();
    Ok((TcpListener::bind((local, link.port)).await?, UdpSocket::bind((local, 0)).await?))
}

async fn receive(
    listener: &TcpListener,
    socket: &UdpSocket,
    greeter: &mut Greeter<'_>,
    session: &mut Session,
) -> LinkError {
    let port = match listener.local_addr() {
        Ok(address) => address.port(),
        Err(error) => return error.into(),
    };
    let mut ticks = super::ticks();
    let mut connection: Option<Connection> = None;
    loop {
        tokio::select! {
            _ = ticks.tick() => greeter.tick(socket, session, port).await,
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) if !greeter.is_looking() && session.admits(from, greeter.asked()) => {
                    connection = Some(Connection::new(stream, from));
                }
                // Dropping the stream of a refused connection closes it.
                Ok(_) => {}
                Err(error) => return error.into(),
            },
            open = read(connection.as_mut(), session) => if !open {
                connection = None;
            }
        }
    }
}

/// Reads what has arrived on the connection; false when it has ended. Without a connection, waits forever.
async fn read(connection: Option<&mut Connection>, session: &mut Session) -> bool {
    let Some(connection) = connection else { return pending().await };
    match connection.stream.readable().await.and_then(|()| connection.drain(session)) {
        Ok(open) => open,
        Err(error) => {
            tracing::info!("iFacialMocap: the connection from {} ended: {error}", connection.from);
            false
        }
    }
}

/// A phone's connection and the beginning of its next packet.
struct Connection {
    stream: TcpStream,
    from: SocketAddr,
    buffer: Box<[u8]>,
    filled: usize,
}

impl Connection {
    fn new(stream: TcpStream, from: SocketAddr) -> Self {
        // Room for a complete packet and the beginning of the next.
        Self { stream, from, buffer: vec![0; 2 * (PACKET_LIMIT + TCP_FRAME_END.len())].into_boxed_slice(), filled: 0 }
    }

    /// Reads all that has arrived, taking the newest complete packet of each read; false at the end of the stream.
    fn drain(&mut self, session: &mut Session) -> io::Result<bool> {
        for _ in 0..READ_LIMIT {
            match self.stream.try_read(&mut self.buffer[self.filled..]) {
                Ok(0) => return Ok(false),
                Ok(length) => self.filled += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
            self.take_newest(session);
        }
        Ok(true)
    }

    fn take_newest(&mut self, session: &mut Session) {
        let received = &self.buffer[..self.filled];
        let Some(end) = find_last(received, TCP_FRAME_END) else {
            if self.filled == self.buffer.len() {
                // No packet is this long: drop it and look for the next mark.
                session.skip(1);
                self.filled = 0;
            }
            return;
        };
        let begin = find_last(&received[..end], TCP_FRAME_END).map_or(0, |mark| mark + TCP_FRAME_END.len());
        session.take(self.from, &received[begin..end]);
        let rest = end + TCP_FRAME_END.len();
        self.buffer.copy_within(rest..self.filled, 0);
        self.filled -= rest;
    }
}

fn find_last(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).rposition(|window| window == mark)
}
