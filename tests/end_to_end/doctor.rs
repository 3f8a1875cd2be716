//! `bunraku doctor` looks at the machine as it is and says what to do; `completions` prints what a shell can load.

use crate::harness::PROGRAM;
use serde_json::Value;
use std::{net::UdpSocket, process::Command};

/// What the doctor says of each thing, with no display to be found.
fn doctor() -> Vec<Value> {
    let mut command = Command::new(PROGRAM);
    let command = command.args(["doctor", "--json"]).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    let output = command.env_remove("WAYLAND_SOCKET").output().expect("bunraku runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    report["checks"].as_array().expect("a list").clone()
}

fn named<'a>(checks: &'a [Value], name: &str) -> &'a Value {
    let starts = |check: &&Value| check["name"].as_str().is_some_and(|found| found.starts_with(name));
    checks.iter().find(starts).unwrap_or_else(|| panic!("nothing is said of {name}: {checks:?}"))
}

#[test]
fn everything_is_looked_at_and_what_fails_has_a_way_out() {
    // Whether it is ours or another program's: the phone's port is in use.
    let _taken = UdpSocket::bind("127.0.0.1:49983");
    let checks = doctor();
    for name in ["graphics", "processor", "webcam tracking", "display", "iFacialMocap", "control service"] {
        named(&checks, name);
    }
    for check in &checks {
        assert_eq!(check["state"] == "works", check["help"].is_null(), "{check}");
    }
    assert_eq!(named(&checks, "iFacialMocap")["found"], "in use by another program");
    if cfg!(target_os = "linux") {
        let display = named(&checks, "display");
        assert_eq!(display["state"], "fails", "{display}");
        assert!(display["help"].as_str().is_some_and(|help| help.contains("--headless")), "{display}");
    }
}

#[test]
fn completions_know_the_commands() {
    let output = Command::new(PROGRAM).args(["completions", "bash"]).output().expect("bunraku runs");
    let script = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && script.contains("_bunraku") && script.contains("doctor"));
}
