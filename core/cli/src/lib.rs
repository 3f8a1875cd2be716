//! What the house's programs have in common on the command line: output, logs, exit status, and errors with a way out.

use std::{
    fmt,
    io::{self, ErrorKind, StdoutLock, Write},
    process::ExitCode,
};
use tracing_subscriber::EnvFilter;

/// An error and what the person can do about it. It reads as the error itself; the way out is shown as `help:`.
#[derive(Debug)]
pub struct Helped {
    error: anyhow::Error,
    help: String,
}

impl Helped {
    /// `error` with its way out, which may be empty where none is known.
    pub fn new(error: impl Into<anyhow::Error>, help: impl Into<String>) -> Self {
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

/// Adds the way out to what may fail.
pub trait Help<T> {
    /// Adds `help`, shown as the `help:` line under the error. The outermost one is shown.
    ///
    /// # Errors
    /// The one that there is.
    fn help(self, help: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Help<T> for Result<T, E> {
    fn help(self, help: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| Helped::new(error, help).into())
    }
}

/// The help that an error carries, or the program's general one.
fn help_of<'a>(error: &'a anyhow::Error, general: &'a str) -> &'a str {
    let helped = error.chain().find_map(|cause| cause.downcast_ref::<Helped>());
    helped.map(|helped| helped.help.as_str()).filter(|help| !help.is_empty()).unwrap_or(general)
}

/// Starts the logs. They go to standard error, so that standard output stays a program's to read. `verbose` is how often
/// the person asked for more, `crates` are those whose work is meant then, `quiet` what is said of others without asking:
/// a filter such as `winit=error`. `RUST_LOG` may ask for anything else. Call it once.
pub fn start_logs(verbose: u8, crates: &[&str], quiet: &str) {
    let ours = |level: &str| crates.iter().fold(String::new(), |all, name| all + "," + name + "=" + level);
    let default = match verbose {
        0 => format!("warn,{quiet}"),
        1 => format!("warn{}", ours("info")),
        _ => format!("info{}", ours("debug")),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    // A log whose reader went away must not end the program.
    let logs = tracing_subscriber::fmt().with_writer(io::stderr).with_env_filter(filter).log_internal_errors(false);
    logs.with_target(false).init();
}

/// The exit status of what a command did: its own, or 1 with `error: what: why` and a `help:` line on standard error,
/// which is `general` where nothing better is known.
pub fn concluded(result: anyhow::Result<ExitCode>, general: &str) -> ExitCode {
    result.unwrap_or_else(|error| {
        if reader_went_away(&error) {
            return ExitCode::SUCCESS;
        }
        let text = format!("error: {error:#}\nhelp: {}\n", help_of(&error, general));
        // Nothing is left to be done where even standard error is gone.
        let _ = io::stderr().write_all(text.as_bytes());
        ExitCode::FAILURE
    })
}

/// Standard output, whose reader may go away, as in `bunraku … | head`: that ends a program early and is no failure.
/// Everything a program prints goes through here, so that [`concluded`] can tell it from another broken pipe.
#[derive(Debug)]
pub struct Stdout(StdoutLock<'static>);

/// Standard output, for this thread alone until it is dropped.
pub fn stdout() -> Stdout {
    Stdout(io::stdout().lock())
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(marked)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(marked)
    }
}

/// Nobody reads standard output any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads standard output any more")]
struct ReaderGone;

/// An error of standard output, marked if it is that its reader went away.
fn marked(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::BrokenPipe { io::Error::new(ErrorKind::BrokenPipe, ReaderGone) } else { error }
}

/// Whether what failed is only that nobody reads standard output any more.
fn reader_went_away(error: &anyhow::Error) -> bool {
    let mut io_errors = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    io_errors.any(|error| error.get_ref().is_some_and(|inner| inner.downcast_ref::<ReaderGone>().is_some()))
}

/// Says a line on standard error. Where nobody listens there any more the work goes on all the same.
pub fn say(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn the_chain_reads_as_if_the_help_were_not_there() {
        let inner = Err::<(), _>(io::Error::other("disk full")).context("cannot write x.png");
        let error = inner.help("free some space").context("render").expect_err("it failed");
        assert_eq!(format!("{error:#}"), "render: cannot write x.png: disk full");
        assert_eq!(help_of(&error, "anything"), "free some space");
    }

    #[test]
    fn every_error_has_a_way_out() {
        assert_eq!(help_of(&anyhow::anyhow!("odd"), "anything"), "anything");
        let without = Err::<(), _>(anyhow::anyhow!("odd")).help("").expect_err("it failed");
        assert_eq!(help_of(&without, "anything"), "anything");
    }

    #[test]
    fn only_the_reader_of_standard_output_may_go_away() {
        let failed = |error: io::Error| Err(anyhow::Error::new(error).context("cannot write the report"));
        let gone = || io::Error::from(ErrorKind::BrokenPipe);
        assert_eq!(concluded(failed(marked(gone())), ""), ExitCode::SUCCESS);
        assert_eq!(concluded(failed(gone()), ""), ExitCode::FAILURE, "some other pipe");
        assert_eq!(concluded(failed(marked(ErrorKind::StorageFull.into())), ""), ExitCode::FAILURE);
    }
}
