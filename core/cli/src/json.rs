//! Lines of JSON.

use crate::stdout;
use anyhow::Context as _;
use serde::Serialize;
use std::io::{self, Write};

/// Prints `value` as one line of JSON on standard output.
///
/// # Errors
/// When standard output cannot be written to.
pub fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    write_json_line(&mut stdout(), value).context("cannot write to standard output")
}

/// Writes `value` as one line of JSON to `out`, in many small writes: buffer it.
///
/// # Errors
/// When writing fails.
pub fn write_json_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_is_one_line() {
        let mut out = vec![];
        write_json_line(&mut out, &"a\nb").expect("memory does not fail");
        assert_eq!(out, b"\"a\\nb\"\n");
    }
}
