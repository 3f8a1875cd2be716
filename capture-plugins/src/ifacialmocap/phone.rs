//! The phone: its address, and the messages sent to it (`PROTOCOL.md`, Asking the phone).

use serde::{Deserialize, Deserializer, de::Error as _};
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

/// The port iFacialMocap listens on, on the phone, and sends to, on the computer.
pub const DEFAULT_PORT: u16 = 49983;

/// The port the phone connects to on the computer when it is asked for TCP.
pub const DEFAULT_TCP_PORT: u16 = 49986;

/// Where the phone is: an address or a name, with the port its app listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneAddress {
    host: String,
    port: u16,
}

impl FromStr for PhoneAddress {
    type Err = String;

    /// Reads `192.168.0.7`, `phone.local`, `fe80::7`, each with `:PORT` if it is not 49983 (`[fe80::7]:PORT`).
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self { host: address.ip().to_string(), port: address.port() });
        }
        if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self { host: ip.to_string(), port: DEFAULT_PORT });
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| format!("`{port}` is not a port from 0 to 65535"))?),
            None => (text, DEFAULT_PORT),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(is_name) {
            return Err(format!("`{text}` is not the address of a phone, such as 192.168.0.7 or 192.168.0.7:49983"));
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for PhoneAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse() {
            Ok(ip) => SocketAddr::new(ip, self.port).fmt(f),
            Err(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl<'de> Deserialize<'de> for PhoneAddress {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl PhoneAddress {
    /// Whether only an IPv6 socket reaches it.
    pub(super) fn is_ipv6(&self) -> bool {
        matches!(self.host.parse(), Ok(IpAddr::V6(_)))
    }

    /// Looks a name up; an address is itself.
    pub(super) async fn resolve(&self) -> io::Result<SocketAddr> {
        if let Ok(ip) = self.host.parse() {
            return Ok(SocketAddr::new(ip, self.port));
        }
        let mut found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        found.find(SocketAddr::is_ipv4).ok_or_else(|| io::Error::other("the name has no IPv4 address"))
    }
}

/// Which text protocol the phone is asked for; packets of either are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// `name-value` fields, from apps before version 2 of the protocol.
    V1,
    /// `name&value` fields.
    #[default]
    V2,
}

/// What asks the phone to begin sending.
pub(super) fn greeting(version: Version, tcp: bool) -> &'static [u8] {
    match (tcp, version) {
        (false, Version::V1) => b"iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719",
        (false, Version::V2) => b"iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719|sendDataVersion=v2",
        (true, Version::V1) => b"iFacialMocap_UDPTCP_sahuasouryya9218sauhuiayeta91555dy3719",
        (true, Version::V2) => b"iFacialMocap_UDPTCP_sahuasouryya9218sauhuiayeta91555dy3719|sendDataVersion=v2",
    }
}

/// What asks a phone that sends over TCP to stop. Over UDP there is no such word.
pub(super) const TCP_FAREWELL: &[u8] = b"iFacialMocap_UDPTCPSTOP_sahuasouryya9218sauhuiayeta91555dy3719";

/// What ends each packet of a TCP stream.
pub(super) const TCP_FRAME_END: &[u8] = b"___iFacialMocap";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_read_with_and_without_a_port() {
        for (text, shown) in [
            ("192.168.0.7", "192.168.0.7:49983"),
            (" 192.168.0.7:5 ", "192.168.0.7:5"),
            ("phone.local", "phone.local:49983"),
            ("my-phone:5", "my-phone:5"),
            ("fe80::7", "[fe80::7]:49983"),
            ("[fe80::7]:5", "[fe80::7]:5"),
        ] {
            assert_eq!(text.parse::<PhoneAddress>().expect(text).to_string(), shown);
        }
        for text in ["", ":5", "a b", "phone:70000", "phone:", "http://phone", "1:2:3"] {
            assert!(text.parse::<PhoneAddress>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_address_reads_back_from_what_it_prints(text in "\\PC{0,30}") {
            if let Ok(address) = text.parse::<PhoneAddress>() {
                prop_assert_eq!(address.to_string().parse::<PhoneAddress>(), Ok(address));
            }
        }
    }
}
