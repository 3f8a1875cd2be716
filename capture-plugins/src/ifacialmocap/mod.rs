//! The capture source `ifacialmocap`: an iPhone with the iFacialMocap app, or any program that speaks its text protocol
//! (v1 or v2) over UDP or TCP.

mod advice;
mod greeter;
pub mod packet;
pub mod phone;
mod profile;
mod session;
mod tcp;
mod udp;

use crate::{
    SourceError, Surroundings,
    backoff::Backoff,
    entry::{
        info::{SettingInfo, SourceInfo},
        settings::Settings,
    },
};
use bunraku_core::source::{CancellationToken, CaptureSource, SampleSender, SourceState};
use phone::{DEFAULT_PORT, DEFAULT_TCP_PORT, PhoneAddress, Version};
pub use profile::PROFILE;
use serde::Deserialize;
use session::Session;
use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    time::Duration,
};
use tokio::time::{Interval, MissedTickBehavior};

/// The entry in the registry.
pub(crate) const INFO: SourceInfo = SourceInfo {
    settings: &[
        SettingInfo::optional("host", None, "the phone's address, ADDRESS[:PORT]; if unset, any phone that sends here"),
        SettingInfo::optional("port", Some("49983"), "the port to listen on, 0 for any; 49986 with tcp=true"),
        SettingInfo::optional("tcp", Some("false"), "ask the phone to send over TCP instead of UDP"),
        SettingInfo::optional("version", Some("v2"), "the text protocol to ask the phone for: v1 or v2"),
    ],
    lines: Some(profile::LINES),
    found_here: advice::found_here,
    example: "ifacialmocap:host=192.168.0.7",
    ..SourceInfo::new(
        "ifacialmocap",
        "an iPhone or iPad with the iFacialMocap app, over the local network",
        PROFILE,
        open,
    )
};

/// The settings of the source `ifacialmocap`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IFacialMocapSettings {
    /// The phone's address. If unset, no phone is greeted, and the first one that sends is used.
    pub host: Option<PhoneAddress>,
    /// The port to listen on, 0 for any; 49983 by default, 49986 over TCP.
    pub port: Option<u16>,
    /// Whether to ask the phone to send over TCP.
    pub tcp: bool,
    /// Which text protocol to ask the phone for.
    pub version: Version,
}

fn open(settings: &Settings, _: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let settings: IFacialMocapSettings = settings.read(INFO.name)?;
    let default_port = if settings.tcp { DEFAULT_TCP_PORT } else { DEFAULT_PORT };
    Ok(Box::new(Link {
        phone: settings.host,
        port: settings.port.unwrap_or(default_port),
        tcp: settings.tcp,
        version: settings.version,
    }))
}

/// The source: how to reach the phone.
struct Link {
    phone: Option<PhoneAddress>,
    port: u16,
    tcp: bool,
    version: Version,
}

impl CaptureSource for Link {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn describe(&self) -> String {
        let phone = self.phone.as_ref().map_or("any phone that sends".to_owned(), |phone| format!("the phone {phone}"));
        format!("iFacialMocap from {phone} to {} port {}", if self.tcp { "TCP" } else { "UDP" }, self.port)
    }

    fn run(self: Box<Self>, sender: SampleSender, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.keep_receiving(Session::new(sender), stop))
    }
}

impl Link {
    /// The address to bind sockets to.
    fn local_address(&self) -> IpAddr {
        self.phone.as_ref().map_or(Ipv4Addr::UNSPECIFIED.into(), PhoneAddress::local_address)
    }

    /// Receives until `stop`, reopening the sockets with backoff whenever the network fails.
    async fn keep_receiving(self: Box<Self>, mut session: Session, stop: CancellationToken) {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
        loop {
            let ended = if self.tcp {
                tcp::serve(&self, &mut session, &stop).await
            } else {
                udp::serve(&self, &mut session, &stop).await
            };
            let Err(error) = ended else { break };
            if !session.is_quiet() {
                backoff.reset();
            }
            session.report_trouble(SourceState::Failed(error.to_string()));
            if stop.run_until_cancelled(tokio::time::sleep(backoff.wait())).await.is_none() {
                break;
            }
        }
        session.report_trouble(SourceState::Idle);
    }
}

/// How often the source checks for silence.
fn ticks() -> Interval {
    let mut ticks = tokio::time::interval(Duration::from_millis(250));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

#[cfg(test)]
mod tests;
