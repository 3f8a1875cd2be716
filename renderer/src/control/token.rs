//! The secret that opens the control service to other machines.

use std::{fmt, io};

/// A secret. `{:?}` hides it, which keeps it out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A given secret, without the white space around it, which a header cannot carry; `None` if nothing is left.
    pub fn new(secret: &str) -> Option<Self> {
        let secret = secret.trim();
        (!secret.is_empty()).then(|| Self(secret.to_owned()))
    }

    /// A new secret: 128 random bits in hexadecimal.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    /// The secret, for its owner.
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
        let token = Token::random().expect("random numbers");
        assert!(token.matches(token.secret()) && token.secret().len() == 32);
        assert!(!token.matches("") && !token.matches(&token.secret()[1..]) && !token.matches("x"));
        assert_ne!(token, Token::random().expect("random numbers"));
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert_eq!((Token::new(""), Token::new(" \n")), (None, None));
        assert!(Token::new("abc\n").is_some_and(|token| token.matches("abc")), "as read from a file");
    }
}
