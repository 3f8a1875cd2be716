//! Any program that writes a face sample as a line of JSON, on its standard output or in datagrams (see `README.md`
//! beside this file).

mod child;
mod command;
mod speaker;
mod udp;

use crate::{
    SourceError, Surroundings,
    registry::{
        info::{SettingInfo, SourceInfo},
        settings::Settings,
    },
};
use bunraku_core::source::{CancellationToken, CaptureSource, SampleSender, SourceState};
use command::CommandLine;
use serde::{Deserialize, Deserializer, de::Error as _};
use speaker::Speaker;
use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
};

/// The registry's line.
pub(crate) const INFO: SourceInfo = SourceInfo {
    name: "process",
    about: "any program's face samples, one line of JSON each",
    settings: &[
        SettingInfo::optional(
            "command",
            None,
            "a program to run, with its arguments; quotes hold words together, there is no shell",
        ),
        SettingInfo::optional(
            "udp",
            None,
            "or a place where datagrams are received, PORT (on this machine) or ADDRESS:PORT",
        ),
    ],
    camera: false,
    may_rest: true,
    profile: "ifacialmocap",
    example: "process:command=python3 data/examples/nod.py",
    open,
    look: Vec::new,
};

/// The settings of the source `process`; one of the two is given.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessSettings {
    /// The program to run: it is started again when it ends.
    #[serde(default)]
    pub command: Option<CommandLine>,
    /// Where datagrams are received.
    #[serde(default)]
    pub udp: Option<Listen>,
}

/// An address and port to listen on; a port alone is this machine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = match serde_yaml::Value::deserialize(from)? {
            serde_yaml::Value::String(text) => text,
            serde_yaml::Value::Number(port) => port.to_string(),
            _ => String::new(),
        };
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let address = text.trim().parse().or_else(|_| text.trim().parse().map(loopback));
        address.map(Self).map_err(|_| D::Error::custom(format!("`{text}` is not PORT or ADDRESS:PORT")))
    }
}

fn open(settings: &Settings, _: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let settings: ProcessSettings = settings.read(INFO.name)?;
    let wrong = |why: &str| SourceError::Setting { source_name: INFO.name, why: why.to_owned() };
    match (settings.command, settings.udp) {
        (Some(command), None) => Ok(Box::new(Process::Child(command))),
        (None, Some(Listen(address))) => Ok(Box::new(Process::Udp(address))),
        (None, None) => Err(wrong("give `command=`, a program to run, or `udp=`, where its datagrams are received")),
        (Some(_), Some(_)) => Err(wrong("give `command=` or `udp=`, not both")),
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
