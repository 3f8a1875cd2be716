//! The capture source `process`: any program that writes face samples as lines of JSON, to its standard output or in UDP
//! datagrams (`README.md` in this folder).

mod child;
mod command;
mod speaker;
mod udp;

use crate::{
    SourceError, Surroundings,
    entry::{
        info::{SettingInfo, SourceInfo},
        settings::Settings,
    },
    ifacialmocap::PROFILE,
};
use bunraku_core::source::{CancellationToken, CaptureSource, SampleSender, SourceState};
use command::CommandLine;
use serde::Deserialize;
use speaker::Speaker;
use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
};

/// The entry in the registry.
pub(crate) const INFO: SourceInfo = SourceInfo {
    settings: &[
        SettingInfo::optional(
            "command",
            None,
            "the program to run, with its arguments; quotes group words, no shell is involved",
        ),
        SettingInfo::optional(
            "udp",
            None,
            "or where to receive datagrams: PORT (on this machine only) or ADDRESS:PORT",
        ),
    ],
    may_rest: true,
    example: "process:command=python3 data/examples/nod.py",
    ..SourceInfo::new("process", "any program that writes face samples as lines of JSON", PROFILE, open)
};

/// The settings of the source `process`: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessSettings {
    /// The program to run; it is restarted whenever it exits.
    #[serde(default)]
    pub command: Option<CommandLine>,
    /// Where to receive datagrams.
    #[serde(default)]
    pub udp: Option<Listen>,
}

/// An address and port to listen on; a port alone listens on the loopback address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Listen(pub SocketAddr);

/// A place to listen as settings write it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected PORT or ADDRESS:PORT")]
enum Written {
    Port(u16),
    Text(String),
}

impl TryFrom<Written> for Listen {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let address = match &written {
            Written::Port(port) => Ok(loopback(*port)),
            Written::Text(text) => text.trim().parse().or_else(|_| text.trim().parse().map(loopback)).map_err(|_| text),
        };
        address.map(Self).map_err(|text| format!("expected PORT or ADDRESS:PORT, not `{text}`"))
    }
}

fn open(settings: &Settings, _: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let settings: ProcessSettings = settings.read(INFO.name)?;
    let wrong = |why: &str| SourceError::Setting { source_name: INFO.name, why: why.to_owned() };
    match (settings.command, settings.udp) {
        (Some(command), None) => Ok(Box::new(Process::Child(command))),
        (None, Some(Listen(address))) => Ok(Box::new(Process::Udp(address))),
        (None, None) => Err(wrong("set `command=` to a program to run, or `udp=` to where its datagrams arrive")),
        (Some(_), Some(_)) => Err(wrong("set either `command=` or `udp=`, not both")),
    }
}

/// Where the lines come from.
enum Process {
    Child(CommandLine),
    Udp(SocketAddr),
}

impl CaptureSource for Process {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn describe(&self) -> String {
        match self {
            Self::Child(command) => format!("the program `{command}`"),
            Self::Udp(address) => format!("a program that sends to UDP {address}"),
        }
    }

    fn run(self: Box<Self>, sender: SampleSender, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let mut speaker = Speaker::new(sender);
            match *self {
                Self::Child(command) => child::keep_running(&command, &mut speaker, &stop).await,
                Self::Udp(address) => {
                    stop.run_until_cancelled(udp::keep_receiving(address, &mut speaker)).await;
                }
            }
            speaker.report(SourceState::Idle);
        })
    }
}

#[cfg(test)]
mod tests;
