//! Errors that say what to do about them.

use std::{error::Error, fmt};

/// An error with what you can do about it. It displays as the error itself; the command prints the help as `help:`.
#[derive(Debug)]
pub struct Helped {
    error: anyhow::Error,
    help: String,
}

impl Helped {
    /// `error` with its help, which may be empty.
    pub fn new(error: impl Into<anyhow::Error>, help: impl Into<String>) -> Self {
        Self { error: error.into(), help: help.into() }
    }
}

impl fmt::Display for Helped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Helped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// Adds help to a result.
pub trait Help<T> {
    /// Adds `help`, shown as the `help:` line under the error. The outermost help wins.
    ///
    /// # Errors
    /// The error of `self`.
    fn help(self, help: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Help<T> for Result<T, E> {
    fn help(self, help: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| Helped::new(error, help).into())
    }
}

/// The help that an error carries, or `general` if it has none.
pub(crate) fn help_of<'a>(error: &'a anyhow::Error, general: &'a str) -> &'a str {
    let helped = error.chain().find_map(|cause| cause.downcast_ref::<Helped>());
    helped.map(|helped| helped.help.as_str()).filter(|help| !help.is_empty()).unwrap_or(general)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;
    use std::io;

    #[test]
    fn help_does_not_change_how_an_error_reads() {
        let inner = Err::<(), _>(io::Error::other("disk full")).context("cannot write x.png");
        let error = inner.help("free some space").context("render").expect_err("it failed");
        assert_eq!(format!("{error:#}"), "render: cannot write x.png: disk full");
        assert_eq!(help_of(&error, "anything"), "free some space");
    }

    #[test]
    fn an_error_without_help_gets_the_general_help() {
        assert_eq!(help_of(&anyhow::anyhow!("odd"), "anything"), "anything");
        let without = Err::<(), _>(anyhow::anyhow!("odd")).help("").expect_err("it failed");
        assert_eq!(help_of(&without, "anything"), "anything");
    }
}
