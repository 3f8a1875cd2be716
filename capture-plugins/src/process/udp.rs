//! Receives lines of JSON in UDP datagrams, one or more in each.

use super::speaker::Speaker;
use crate::{
    backoff::Backoff,
    lines::{LINE_LIMIT, Lines},
};
use bunraku_core::source::SourceState;
use std::{io, net::SocketAddr, time::Duration};
use tokio::net::UdpSocket;

/// Receives forever, reopening the socket with backoff whenever it fails.
pub(super) async fn keep_receiving(address: SocketAddr, speaker: &mut Speaker) {
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
    loop {
        let error = match UdpSocket::bind(address).await {
            Ok(socket) => receive(&socket, speaker).await,
            Err(error) => error,
        };
        if speaker.is_live() {
            backoff.reset();
        }
        let what_to_do = match error.kind() {
            io::ErrorKind::AddrInUse => "close the program that uses this port, or choose another port",
            _ => "trying again",
        };
        speaker.report(SourceState::Failed(format!("cannot receive on UDP {address}: {error}; {what_to_do}")));
        tokio::time::sleep(backoff.wait()).await;
    }
}

async fn receive(socket: &UdpSocket, speaker: &mut Speaker) -> io::Error {
    match socket.local_addr() {
        Ok(here) => speaker.report(SourceState::Connecting(format!("waiting for face samples on UDP {here}"))),
        Err(error) => return error,
    }
    let mut buffer = vec![0; LINE_LIMIT].into_boxed_slice();
    let mut lines = Lines::default();
    loop {
        match speaker.listen(socket.recv_from(&mut buffer)).await {
            Ok((length, _)) => {
                lines.push(&buffer[..length], |line| speaker.take(line));
                // The end of a datagram ends its line.
                lines.finish(|line| speaker.take(line));
            }
            Err(error) => return error,
        }
    }
}
