//! The way out of an error, carried along with it.

use std::fmt;

/// What to do where nothing better is known.
const ANYTHING: &str = "`bunraku-distill COMMAND --help` shows the options and an example";

/// An error and what the person can do about it. It reads as the error itself; the way out is shown as `help:`.
#[derive(Debug)]
struct Helped {
    error: anyhow::Error,
    help: String,
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

/// The help that an error carries, or the general one.
pub(super) fn of(error: &anyhow::Error) -> &str {
    let helped = error.chain().find_map(|cause| cause.downcast_ref::<Helped>());
    helped.map_or(ANYTHING, |helped| &helped.help)
}

/// Adds the way out to what may fail.
pub(super) trait Help<T> {
    /// Adds `help`, shown as the `help:` line under the error. The outermost one is shown.
    fn help(self, help: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Help<T> for Result<T, E> {
    fn help(self, help: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| Helped { error: error.into(), help: help.into() }.into())
    }
}
