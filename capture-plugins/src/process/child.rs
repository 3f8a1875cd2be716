//! Runs a program for as long as its source runs, restarting it whenever it exits.

use super::{command::CommandLine, speaker::Speaker};
use crate::{backoff::Backoff, lines::Lines};
use bunraku_core::source::{CancellationToken, SourceState};
use std::{io, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
};

/// How many bytes of the program's output are read at a time.
const CHUNK: usize = 16 * 1024;

/// Runs the program, restarting it with backoff, until `stop`; then ends it.
pub(super) async fn keep_running(command: &CommandLine, speaker: &mut Speaker, stop: &CancellationToken) {
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
    loop {
        speaker.report(SourceState::Connecting(format!("started `{command}`, waiting for its first sample")));
        let Some(ended) = run_once(command, speaker, stop).await else { return };
        if speaker.is_live() {
            backoff.reset();
        }
        let wait = backoff.wait();
        let seconds = wait.as_secs_f64();
        speaker.report(SourceState::Failed(format!("`{command}` {ended}; starting it again in {seconds} s")));
        if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            return;
        }
    }
}

/// Runs the program once. Returns how it ended, or `None` if it was stopped.
async fn run_once(command: &CommandLine, speaker: &mut Speaker, stop: &CancellationToken) -> Option<String> {
    let mut child = match spawn(command) {
        Ok(child) => child,
        Err(error) => return Some(format!("cannot be started: {error}")),
    };
    let output = child.stdout.take();
    let complaints = child.stderr.take().map(|pipe| tokio::spawn(log(pipe, command.program.clone())));
    let heard = stop.run_until_cancelled(listen(output, speaker)).await;
    // A program that closes its output has nothing more to say, so it is ended too.
    let status = match heard {
        Some(_) => tokio::time::timeout(Duration::from_millis(200), child.wait()).await.ok(),
        None => None,
    };
    if status.is_none() {
        // Killed and reaped, so that it is gone when the source is. If that fails, the system reaps it.
        child.kill().await.ok();
    }
    if let Some(complaints) = complaints {
        complaints.abort();
    }
    Some(match (heard?, status) {
        (Err(error), _) => format!("cannot be read: {error}"),
        (Ok(()), Some(Ok(status))) => format!("ended ({status})"),
        (Ok(()), _) => "closed its output and was ended".to_owned(),
    })
}

/// Starts the program. Its standard input stays open and empty for as long as the source runs.
fn spawn(command: &CommandLine) -> io::Result<Child> {
    Command::new(&command.program)
        .args(&command.arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Reads lines until the program closes its output.
async fn listen(output: Option<impl AsyncRead + Unpin>, speaker: &mut Speaker) -> io::Result<()> {
    let mut output = output.ok_or_else(|| io::Error::other("it has no output"))?;
    let mut lines = Lines::default();
    let mut chunk = vec![0; CHUNK].into_boxed_slice();
    loop {
        match speaker.listen(output.read(&mut chunk)).await? {
            0 => break,
            length => lines.push(&chunk[..length], |line| speaker.take(line)),
        }
    }
    lines.finish(|line| speaker.take(line));
    Ok(())
}

/// Logs what the program writes to standard error.
async fn log(mut pipe: impl AsyncRead + Unpin, program: String) {
    let mut lines = Lines::default();
    let mut chunk = vec![0; CHUNK].into_boxed_slice();
    while let Ok(length @ 1..) = pipe.read(&mut chunk).await {
        lines.push(&chunk[..length], |line| {
            if let Ok(line) = line {
                tracing::info!("{program}: {}", String::from_utf8_lossy(line));
            }
        });
    }
}
