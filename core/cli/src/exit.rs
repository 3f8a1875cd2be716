//! The exit status of a command.

use crate::{help::help_of, output::reader_is_gone};
use std::{
    io::{self, Write as _},
    process::ExitCode,
};

/// The exit status for the result of a command: its own, or 1 with `error: what: why` and a `help:` line on standard
/// error. An error without help of its own gets `general_help`. A closed standard output is not an error.
pub fn exit_code(result: anyhow::Result<ExitCode>, general_help: &str) -> ExitCode {
    result.unwrap_or_else(|error| {
        if reader_is_gone(&error) {
            return ExitCode::SUCCESS;
        }
        let text = format!("error: {error:#}\nhelp: {}\n", help_of(&error, general_help));
        // There is nowhere left to report a failure of standard error.
        let _ = io::stderr().write_all(text.as_bytes());
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::mark_closed;
    use std::io::ErrorKind;

    #[test]
    fn only_a_closed_standard_output_is_a_success() {
        let failed = |error: io::Error| Err(anyhow::Error::new(error).context("cannot write the report"));
        let closed = || io::Error::from(ErrorKind::BrokenPipe);
        assert_eq!(exit_code(failed(mark_closed(closed())), ""), ExitCode::SUCCESS);
        assert_eq!(exit_code(failed(closed()), ""), ExitCode::FAILURE, "some other pipe");
        assert_eq!(exit_code(failed(mark_closed(ErrorKind::StorageFull.into())), ""), ExitCode::FAILURE);
    }
}
