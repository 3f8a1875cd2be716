//! The phone's address, and the messages sent to it (`PROTOCOL.md`, Asking the phone).

use serde::{Deserialize, Deserializer, de::Error as _};
use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

/// The port on which iFacialMocap listens on the phone, and to which it sends on the computer.
pub const DEFAULT_PORT: u16 = 49983;

/// The port to which the phone connects on the computer when asked for TCP.
pub const DEFAULT_TCP_PORT: u16 = 49986;

/// The phone's address or host name, and the port on which its app listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneAddress {
    host: String,
    port: u16,
}

impl FromStr for PhoneAddress {
    type Err = String;

    /// Parses `192.168.0.7`, `phone.local` or `fe80::7`, with `:PORT` if it is not 49983 (`[fe80::7]:PORT`).
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self { host: address.ip().to_string(), port: address.port() });
        }
        if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self { host: ip.to_string(), port: DEFAULT_PORT });
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => {
                (host, port.parse().map_err(|_| format!("invalid port `{port}`: expected 0 to 65535"))?)
            }
            None => (text, DEFAULT_PORT),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(is_name) {
            return Err(format!(
                "invalid phone address `{text}`: expected one such as 192.168.0.7 or 192.168.0.7:49983"
            ));
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
    /// The address to bind a socket to so that it can reach the phone.
    pub(super) fn local_address(&self) -> IpAddr {
        match self.host.parse() {
            Ok(IpAddr::V6(_)) => Ipv6Addr::UNSPECIFIED.into(),
            _ => Ipv4Addr::UNSPECIFIED.into(),
        }
    }

    /// Resolves a host name; an address is returned as it is.
    pub(super) async fn resolve(&self) -> io::Result<SocketAddr> {
        if let Ok(ip) = self.host.parse() {
            return Ok(SocketAddr::new(ip, self.port));
        }
        let mut found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        found.find(SocketAddr::is_ipv4).ok_or_else(|| io::Error::other("the name has no IPv4 address"))
    }
}

/// Which text protocol to ask the phone for; packets of either are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// `name-value` fields, from apps before version 2 of the protocol.
    V1,
    /// `name&value` fields.
    #[default]
    V2,
}

/// The message that asks the phone to start sending.
pub(super) fn greeting(version: Version, tcp: bool) -> &'static [u8] {
    match (tcp, version) {
        (false, Version::V1) => b"iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719",
        (false, Version::V2) => b"iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719|sendDataVersion=v2",
        (true, Version::V1) => b"iFacialMocap_UDPTCP_sahuasouryya9218sauhuiayeta91555dy3719",
        (true, Version::V2) => b"iFacialMocap_UDPTCP_sahuasouryya9218sauhuiayeta91555dy3719|sendDataVersion=v2",
    }
}

/// The message that asks a phone to stop sending over TCP. There is none for UDP.
pub(super) const TCP_FAREWELL: &[u8] = b"iFacialMocap_UDPTCPSTOP_sahuasouryya9218sauhuiayeta91555dy3719";

/// The mark that ends each packet of a TCP stream.
pub(super) const TCP_FRAME_END: &[u8] = b"___iFacialMocap";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_parse_with_and_without_a_port() {
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
        fn a_printed_address_parses_back(text in "\\PC{0,30}") {
            if let Ok(address) = text.parse::<PhoneAddress>() {
                prop_assert_eq!(address.to_string().parse::<PhoneAddress>(), Ok(address));
            }
        }
    }
}
