//! Messages for the user while nothing arrives or a port cannot be opened.

use super::phone::{DEFAULT_PORT, PhoneAddress};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

/// How long a phone may take to answer before hints are shown.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why nothing can be received, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error(
        "{transport} port {port} is in use by another program (another bunraku, VTube Studio, VSeeFace …): close it, or \
         set another port with `port=` and in the phone's app"
    )]
    PortInUse { transport: &'static str, port: u16 },
    #[error("cannot open {transport} port {port}: {error}; choose another with `port=`")]
    Port { transport: &'static str, port: u16, error: io::Error },
    #[error("cannot receive from the network: {0}; trying again")]
    Receive(#[from] io::Error),
}

impl LinkError {
    pub(super) fn binding(transport: &'static str, port: u16, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::PortInUse { transport, port },
            _ => Self::Port { transport, port, error },
        }
    }
}

/// What the source is waiting for and, after a while, what the user can do about it.
pub(super) fn waiting(phone: Option<&PhoneAddress>, transport: &str, port: u16, waited: Duration) -> String {
    let ours = addresses_here();
    match phone {
        None => format!(
            "listening on {transport} port {port}; in the phone's app enter this machine's address {ours}, or set the \
             phone's address with `host=`; if nothing arrives, allow {transport} port {port} in the firewall"
        ),
        Some(phone) if waited < PATIENCE => format!("asking the phone at {phone} to send to {transport} port {port}"),
        Some(phone) => format!(
            "no answer from the phone at {phone}: check that its app is open and on the same network. This machine's \
             address is {ours}; allow {transport} port {port} in the firewall"
        ),
    }
}

/// What setting up a phone requires to know about this machine.
pub(super) fn found_here() -> Vec<String> {
    let port = match UdpSocket::bind((Ipv4Addr::UNSPECIFIED, DEFAULT_PORT)) {
        Ok(_) => format!("UDP port {DEFAULT_PORT} is free"),
        Err(error) => LinkError::binding("UDP", DEFAULT_PORT, error).to_string(),
    };
    vec![format!("this machine's address: {}", addresses_here()), port]
}

/// This machine's addresses as other devices on its networks see them.
fn addresses_here() -> String {
    // Connecting a datagram socket sends nothing, but makes the system pick the interface it would send from.
    let destinations = [[192, 168, 0, 1], [10, 0, 0, 1], [172, 16, 0, 1], [203, 0, 113, 1]];
    let mut found: Vec<IpAddr> = destinations.into_iter().filter_map(|to| address_towards(to.into())).collect();
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        return "(none found: check the network connection)".to_owned();
    }
    found.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" or ")
}

fn address_towards(destination: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect(SocketAddr::new(destination, 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_for_a_port_in_use_says_what_to_do() {
        let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("bound");
        let error = UdpSocket::bind(address).expect_err("taken");
        let text = LinkError::binding("UDP", address.port(), error).to_string();
        assert!(text.contains(&address.port().to_string()) && text.contains("in use") && text.contains("`port=`"));
    }

    #[test]
    fn hints_appear_after_a_while() {
        let phone: PhoneAddress = "192.168.0.7".parse().expect("an address");
        let early = waiting(Some(&phone), "UDP", 49983, Duration::ZERO);
        let late = waiting(Some(&phone), "UDP", 49983, PATIENCE);
        assert!(early.contains("192.168.0.7:49983") && !early.contains("firewall"), "{early}");
        assert!(late.contains("firewall") && late.contains("This machine's address"), "{late}");
        assert!(waiting(None, "UDP", 5, Duration::ZERO).contains("enter this machine's address"));
    }
}
