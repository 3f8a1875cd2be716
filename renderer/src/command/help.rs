//! The way out of an error, carried along with it.

use std::fmt;

/// An error and what the person can do about it. It reads as the error itself; the way out is shown as `help:`.
#[derive(Debug)]
pub(crate) struct Helped {
    error: anyhow::Error,
    pub(crate) help: String,
}

impl fmt::Display for Helped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Helped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// Adds the way out to what may fail.
pub(crate) trait Help<T> {
    /// Adds `help`, shown as the `help:` line under the error. The outermost one is shown.
    fn help(self, help: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Help<T> for Result<T, E> {
    fn help(self, help: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| anyhow::Error::new(Helped { error: error.into(), help: help.into() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn the_chain_reads_as_if_the_help_were_not_there() {
        let inner = Err::<(), _>(std::io::Error::other("disk full")).context("cannot write x.png");
        let error = inner.help("free some space").context("render").expect_err("it failed");
        assert_eq!(format!("{error:#}"), "render: cannot write x.png: disk full");
        let helped = error.chain().find_map(|cause| cause.downcast_ref::<Helped>()).expect("the help is found");
        assert_eq!(helped.help, "free some space");
    }
}
