//! Asks the phone to send: every second until it does, and again whenever it falls silent.

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

/// Sends greetings to the phone and remembers when.
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

    /// The only address from which packets are accepted, if the settings name a phone.
    pub(super) fn asked(&self) -> Option<IpAddr> {
        self.found.map(|address| address.ip())
    }

    /// Whether the phone's name has not been resolved yet, so that no packet can be known to be its own.
    pub(super) fn is_looking(&self) -> bool {
        self.phone.is_some() && self.found.is_none()
    }

    /// Greets the phone if it is time, and reports the state; called a few times a second.
    pub(super) async fn tick(&mut self, socket: &UdpSocket, session: &mut Session, port: u16) {
        if !session.is_quiet() {
            return;
        }
        let transport = if self.tcp { "TCP" } else { "UDP" };
        match self.phone {
            Some(phone) if self.is_due() => match self.greet(phone, socket).await {
                Ok(()) => session.report_silence(self.phone, transport, port),
                Err(error) => session.report_trouble(SourceState::Connecting(format!(
                    "cannot reach the phone at {phone}: {error}; check that this machine is on its network"
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

    /// Asks a phone that sends over TCP to stop. This is sent once, on a best-effort basis.
    pub(super) fn say_farewell(&self, socket: &UdpSocket) {
        if let Some(address) = self.found {
            socket.try_send_to(TCP_FAREWELL, address).ok();
        }
    }
}
