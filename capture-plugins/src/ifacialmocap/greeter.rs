//! Asks the phone to send, each second until it does, and again when it has fallen silent.

use super::{
    phone::{PhoneAddress, TCP_FAREWELL, Version, greeting},
    session::{QUIET, Session},
};
use bunraku_core::source::SourceState;
use std::{
    io,
    net::{IpAddr, SocketAddr},
};
use tokio::{net::UdpSocket, time::Instant};

/// What is said to the phone, and when it was last said.
pub(super) struct Greeter<'a> {
    phone: Option<&'a PhoneAddress>,
    version: Version,
    tcp: bool,
    found: Option<SocketAddr>,
    greeted: Option<Instant>,
}

impl<'a> Greeter<'a> {
    pub(super) fn new(phone: Option<&'a PhoneAddress>, version: Version, tcp: bool) -> Self {
        Self { phone, version, tcp, found: None, greeted: None }
    }

    /// The only address packets may come from, if a phone was named.
    pub(super) fn asked(&self) -> Option<IpAddr> {
        self.found.map(|address| address.ip())
    }

    /// Whether a phone was named and has not been found yet, so that nobody's packets are its.
    pub(super) fn is_looking(&self) -> bool {
        self.phone.is_some() && self.found.is_none()
    }

    /// Called a few times a second: asks if it is time to, and reports how things stand.
    pub(super) async fn tick(&mut self, socket: &UdpSocket, session: &mut Session, port: u16) {
        if !session.is_quiet() {
            return;
        }
        let transport = if self.tcp { "TCP" } else { "UDP" };
        match self.phone {
            Some(phone) if self.is_due() => match self.greet(phone, socket).await {
                Ok(()) => session.report_silence(self.phone, transport, port),
                Err(error) => session.report_trouble(SourceState::Connecting(format!(
                    "the phone at {phone} cannot be reached: {error}; is this machine on its network?"
                ))),
            },
            Some(_) => {}
            None => session.report_silence(None, transport, port),
        }
    }

    fn is_due(&self) -> bool {
        self.greeted.is_none_or(|greeted| greeted.elapsed() >= QUIET)
    }

    async fn greet(&mut self, phone: &PhoneAddress, socket: &UdpSocket) -> io::Result<()> {
        self.greeted = Some(Instant::now());
        let address = phone.resolve().await?;
        self.found = Some(address);
        socket.send_to(greeting(self.version, self.tcp), address).await?;
        Ok(())
    }

    /// Asks a phone that sends over TCP to stop; it cannot be asked twice, so a failure changes nothing.
    pub(super) fn say_farewell(&self, socket: &UdpSocket) {
        if let Some(address) = self.found {
            socket.try_send_to(TCP_FAREWELL, address).ok();
        }
    }
}
