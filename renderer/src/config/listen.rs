//! Where the control service listens.

use std::{net::SocketAddr, str::FromStr};

/// Where the service listens by default.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:7878";

/// Where to listen, if at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// No control service.
    Off,
    /// On this address; port 0 takes a free one.
    On(SocketAddr),
}

impl Default for Listen {
    fn default() -> Self {
        Self::On(SocketAddr::from(([127, 0, 0, 1], 7878)))
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse()
            .map(Self::On)
            .map_err(|_| format!("`{text}` is neither an address such as {DEFAULT_ADDRESS} nor off"))
    }
}

impl<'de> serde::Deserialize<'de> for Listen {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_listen_is_an_address_or_off() {
        assert_eq!("off".parse(), Ok(Listen::Off));
        assert_eq!(DEFAULT_ADDRESS.parse(), Ok(Listen::default()));
        let error = "7878".parse::<Listen>().expect_err("no address");
        assert!(error.contains("7878") && error.contains(DEFAULT_ADDRESS), "{error}");
    }
}
