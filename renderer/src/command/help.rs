//! The way out of an error, carried along with it.

use std::fmt;

/// An error and what the person can do about it. It reads as the error itself; the way out is shown as `help:`.
#[derive(Debug)]
pub(crate) struct Helped {
    error: anyhow::Error,
    help: String,
}

impl Helped {
    /// `error` with its way out, which may be empty where none is known.
    pub(crate) fn new(error: impl Into<anyhow::Error>, help: impl Into<String>) -> Self {
        Self { error: error.into(), help: help.into() }
    }
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

/// What to do where no engine could be opened.
pub(crate) const NO_ENGINE: &str =
    "`bunraku doctor` says what this machine can draw with; `--engine cpu` works everywhere";

/// What to do where a source cannot be opened.
pub(crate) const NO_SOURCE: &str = "`bunraku sources` shows every source, its settings, and an example that works";

/// What to do where nothing better is known.
const ANYTHING: &str =
    "`bunraku COMMAND --help` shows the options and an example, `bunraku doctor` looks at this machine";

/// The help that an error carries, or the general one.
pub(crate) fn of(error: &anyhow::Error) -> &str {
    let helped = error.chain().find_map(|cause| cause.downcast_ref::<Helped>());
    helped.map(|helped| helped.help.as_str()).filter(|help| !help.is_empty()).unwrap_or(ANYTHING)
}

/// Adds the way out to what may fail.
pub(crate) trait Help<T> {
    /// Adds `help`, shown as the `help:` line under the error. The outermost one is shown.
    fn help(self, help: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Help<T> for Result<T, E> {
    fn help(self, help: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| Helped::new(error, help).into())
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
        assert_eq!(of(&error), "free some space");
    }

    #[test]
    fn every_error_has_a_way_out() {
        assert_eq!(of(&anyhow::anyhow!("odd")), ANYTHING);
        assert_eq!(of(&Err::<(), _>(anyhow::anyhow!("odd")).help("").expect_err("it failed")), ANYTHING);
    }
}
