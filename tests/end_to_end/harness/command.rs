//! The `bunraku` command, run to its end.

use super::PROGRAM;
use std::process::{Command, Stdio};

/// What a command that has ended said.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit status; -1 if a signal ended it.
    pub(crate) status: i32,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
}

/// Runs `bunraku` with these words until it ends; without a display, so that no window opens on the desk.
pub(crate) fn bunraku(words: &[&str]) -> Finished {
    let output = command(words).stdin(Stdio::null()).output().expect("bunraku starts");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let status = output.status.code().unwrap_or(-1);
    Finished { status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(words).env_remove("RUST_LOG").env_remove("BUNRAKU_TOKEN");
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
    command
}
