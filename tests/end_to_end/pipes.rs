//! Nobody may be reading what a command prints: that is no failure of it, and never a crash.

use crate::harness::PROGRAM;
use std::process::{Child, Command, Stdio};

fn start(words: &[&str]) -> Child {
    let mut command = Command::new(PROGRAM);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("bunraku starts")
}

const BENCH: [&str; 9] = ["bench", "--engine", "cpu", "--size", "128", "--frames", "1", "--threads", "1"];

#[test]
fn a_reader_that_went_away_ends_a_command_in_peace() {
    let mut child = start(&[&BENCH[..], &["--json"]].concat());
    drop(child.stdout.take());
    let done = child.wait_with_output().expect("it ends");
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn the_work_is_done_though_nobody_reads_what_is_said_about_it() {
    let mut child = start(&[&BENCH[..], &["--json"]].concat());
    drop(child.stderr.take());
    let done = child.wait_with_output().expect("it ends");
    assert_eq!(done.status.code(), Some(0));
    assert!(serde_json::from_slice::<serde_json::Value>(&done.stdout).is_ok_and(|times| times["frames"] == 1));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("take.jsonl");
    let mut child = start(&["record", "--source", "idle", "--seconds", "0.2", "--out", out.to_str().expect("UTF-8")]);
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert!(out.exists());
}
