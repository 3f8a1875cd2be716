//! The secret that opens the control service to other machines.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
};

/// A secret. It is not shown by `{:?}`, so that it does not end up in logs by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A secret somebody chose, or none if it is empty.
    pub fn new(secret: String) -> Option<Self> {
        (!secret.is_empty()).then_some(Self(secret))
    }

    /// A new secret of 128 bits.
    ///
    /// Hashes keyed by the system's random numbers are what the standard library has of them; without the key the one
    /// half says nothing about the other.
    pub fn random() -> Self {
        let halves = [RandomState::new(), RandomState::new()].map(|state| state.hash_one("bunraku"));
        Self(format!("{:016x}{:016x}", halves[0], halves[1]))
    }

    /// The secret, to be shown to its owner.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// Whether `offered` is the secret; takes the same time wherever they differ.
    pub fn matches(&self, offered: &str) -> bool {
        let pairs = self.0.bytes().zip(offered.bytes());
        self.0.len() == offered.len() && pairs.fold(0, |difference, (ours, theirs)| difference | (ours ^ theirs)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_matches() {
        let token = Token::random();
        assert!(token.matches(token.secret()));
        assert!(!token.matches("") && !token.matches(&token.secret()[1..]) && !token.matches("x"));
        assert_ne!(token, Token::random());
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert_eq!(Token::new(String::new()), None);
    }
}
