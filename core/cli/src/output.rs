//! Standard output and standard error, either of which may be closed by its reader.

use std::{
    fmt,
    io::{self, ErrorKind, StdoutLock, Write},
};

/// Standard output. Its reader may close it, as in `bunraku … | head`: that ends the command early and is not a failure.
/// Commands print through this type only, which lets [`crate::exit_code`] tell standard output from other broken pipes.
#[derive(Debug)]
pub struct Stdout(StdoutLock<'static>);

/// Locks standard output for this thread until the result is dropped.
pub fn stdout() -> Stdout {
    Stdout(io::stdout().lock())
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(mark_closed)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(mark_closed)
    }
}

/// Marks a broken pipe as that of standard output.
#[derive(Debug, thiserror::Error)]
#[error("standard output is closed")]
struct Closed;

/// An error of standard output, marked if it means that the reader closed it.
pub(crate) fn mark_closed(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::BrokenPipe { io::Error::new(ErrorKind::BrokenPipe, Closed) } else { error }
}

/// Whether an error only says that standard output is closed.
pub(crate) fn reader_is_gone(error: &anyhow::Error) -> bool {
    let mut io_errors = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    io_errors.any(|error| error.get_ref().is_some_and(|inner| inner.downcast_ref::<Closed>().is_some()))
}

/// Prints a line on standard error. If that is closed, the line is dropped and the work goes on.
pub fn say(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
