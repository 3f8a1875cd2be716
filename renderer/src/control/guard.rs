//! Decides which requests the control service answers.
//!
//! Any web page in a browser on this machine can send requests here. `Origin` gives such a page away, and `Host` a page
//! whose own domain points to this machine. Other machines need the token.

use super::token::Token;
use axum::http::{HeaderMap, StatusCode, Uri, header, uri::Authority};
use std::net::{IpAddr, SocketAddr};

/// Decides on requests by their headers.
#[derive(Clone, Debug)]
pub struct Guard {
    local: bool,
    token: Option<Token>,
}

/// Why a request is refused, with the status that says so.
pub(super) type Refusal = (StatusCode, &'static str);

impl Guard {
    /// The guard of a service that listens on `address`. Without a token it refuses all requests, unless the address is
    /// a loopback one.
    pub fn new(address: SocketAddr, token: Option<Token>) -> Self {
        Self { local: address.ip().is_loopback(), token }
    }

    /// Admits a request, or says why not.
    pub(super) fn check(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
        let host = host_of(headers, uri).ok_or((StatusCode::BAD_REQUEST, "the request needs one Host header"))?;
        if self.local && !is_loopback(host.host()) {
            return Err((StatusCode::FORBIDDEN, "this service only answers to localhost and 127.0.0.1"));
        }
        if let Some(origin) = headers.get(header::ORIGIN)
            && !self.is_friendly(origin.to_str().unwrap_or_default(), &host)
        {
            return Err((StatusCode::FORBIDDEN, "pages of other sites may not use this service"));
        }
        if self.admits(offered(headers)) {
            return Ok(());
        }
        Err((
            StatusCode::UNAUTHORIZED,
            "send the token that bunraku printed when it started: Authorization: Bearer TOKEN",
        ))
    }

    fn admits(&self, offered: Option<&str>) -> bool {
        match &self.token {
            Some(token) => offered.is_some_and(|offered| token.matches(offered)),
            None => self.local,
        }
    }

    /// Whether pages of `origin` may send requests: those of this machine, or of this service itself.
    fn is_friendly(&self, origin: &str, host: &Authority) -> bool {
        let Some(authority) = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().cloned()) else { return false };
        if self.local { is_loopback(authority.host()) } else { authority == *host }
    }
}

fn host_of(headers: &HeaderMap, uri: &Uri) -> Option<Authority> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok()?.parse().ok(),
        (None, None) => uri.authority().cloned(),
        _ => None,
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn offered(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(guard: &Guard, pairs: &[(header::HeaderName, &str)]) -> Result<(), StatusCode> {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("a header"))).collect();
        guard.check(&headers, &Uri::from_static("/api/status")).map_err(|(status, _)| status)
    }

    fn local() -> Guard {
        Guard::new("127.0.0.1:7878".parse().expect("an address"), None)
    }

    #[test]
    fn a_local_service_answers_only_to_names_of_this_machine() {
        for host in ["localhost:7878", "127.0.0.1:7878", "LOCALHOST", "[::1]:7878", "127.0.0.2"] {
            assert_eq!(ask(&local(), &[(header::HOST, host)]), Ok(()), "{host}");
        }
        for host in ["evil.example:7878", "localhost.evil.example", "192.168.0.7:7878", "127.0.0.1.evil.example"] {
            assert_eq!(ask(&local(), &[(header::HOST, host)]), Err(StatusCode::FORBIDDEN), "{host}");
        }
        assert_eq!(ask(&local(), &[]), Err(StatusCode::BAD_REQUEST));
        let two = [(header::HOST, "localhost"), (header::HOST, "localhost")];
        assert!(ask(&local(), &two[..1]).is_ok());
        let mut headers = HeaderMap::new();
        for (name, value) in two {
            headers.append(name, value.parse().expect("a header"));
        }
        assert!(local().check(&headers, &Uri::from_static("/")).is_err());
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let from = |origin| ask(&local(), &[(header::HOST, "localhost:7878"), (header::ORIGIN, origin)]);
        for origin in ["http://localhost:3000", "http://127.0.0.1:7878", "https://[::1]:1"] {
            assert_eq!(from(origin), Ok(()), "{origin}");
        }
        for origin in ["https://evil.example", "null", "http://localhost.evil.example", "", "file://"] {
            assert_eq!(from(origin), Err(StatusCode::FORBIDDEN), "{origin}");
        }
    }

    #[test]
    fn other_addresses_need_the_token_and_without_one_refuse_everybody() {
        let address = "0.0.0.0:7878".parse().expect("an address");
        let host = (header::HOST, "studio.lan:7878");
        let with = |guard: &Guard, token: &str| ask(guard, &[host.clone(), (header::AUTHORIZATION, token)]);
        let guard = Guard::new(address, Token::new("abc"));
        assert_eq!(with(&guard, "Bearer abc"), Ok(()));
        assert_eq!(with(&guard, "bearer abc"), Ok(()), "a scheme's name has no case");
        assert_eq!(with(&guard, "Bearer abd"), Err(StatusCode::UNAUTHORIZED));
        assert_eq!(with(&guard, "abc"), Err(StatusCode::UNAUTHORIZED));
        assert_eq!(ask(&Guard::new(address, None), std::slice::from_ref(&host)), Err(StatusCode::UNAUTHORIZED));
        let page =
            |origin| ask(&guard, &[host.clone(), (header::AUTHORIZATION, "Bearer abc"), (header::ORIGIN, origin)]);
        assert_eq!(page("http://studio.lan:7878"), Ok(()));
        assert_eq!(page("http://localhost:7878"), Err(StatusCode::FORBIDDEN));
    }
}
