//! The source `process`, run with real programs and with datagrams over loopback.

use crate::{Surroundings, testing::TestSource};
use bunraku_core::{sample::Blendshape, source::SourceState};
use bunraku_test_support::{Means, missing};
use std::{path::Path, process::Command};

/// Whether an interpreter of these tests' programs is installed; without one only datagrams are tested.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("-c").arg("").output().ok();
    found.or_else(|| missing(Means::Other, format_args!("no {program}"))).is_some()
}

/// A source whose program is the shell script `text`.
fn script(folder: &Path, text: &str) -> TestSource {
    let path = folder.join("program.sh");
    std::fs::write(&path, text).expect("written");
    TestSource::start(&format!("process:command=sh '{}'", path.display()))
}

#[tokio::test]
async fn a_program_that_exits_is_reported_and_restarted() {
    if !has("sh") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let count = folder.path().join("count");
    let text = format!(
        "echo x >> '{0}'; n=$(wc -l < '{0}'); echo \"{{\\\"blendshapes\\\": {{\\\"jawOpen\\\": 0.$n}}}}\"; \
         [ $n -lt 3 ] && exit 7; cat",
        count.display()
    );
    let mut source = script(folder.path(), &text);
    let failed = source.until_state("its end", |state| matches!(state, SourceState::Failed(_))).await.to_string();
    assert!(failed.contains("program.sh") && failed.contains('7') && failed.contains("again"), "{failed}");
    source.until_sample("its third life", |sample| sample[Blendshape::JawOpen] == 0.3).await;
    source.until_state("live", |state| *state == SourceState::Live).await;
    source.until_state("its silence", |state| *state == SourceState::Stale).await;
    assert_eq!(source.stop().await.state(), SourceState::Idle);
}

#[tokio::test]
async fn stopping_the_source_ends_the_program() {
    if !has("sh") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut source = script(folder.path(), "echo \"{\\\"time\\\": $$}\"; exec sleep 1000");
    let pid = source.until_sample("its number", |sample| sample.time > 0.0).await.time;
    source.stop().await;
    let lives = Command::new("sh").args(["-c", &format!("kill -0 {pid}")]).output().expect("a shell").status.success();
    assert!(!lives, "process {pid} is still running");
}

#[tokio::test]
async fn bad_lines_are_counted_and_good_ones_published() {
    if !has("sh") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let text = "head -c 100000 /dev/zero; echo; echo hello; echo '{\"time\": 5}'; echo '{\"time\": 4.5}'; \
                echo '{\"time\": 6, \"blendshapes\": {\"jawOpen\": 0.5, \"nose\": 1}}'; echo complaint >&2; cat";
    let mut source = script(folder.path(), text);
    let sample = source.until_sample("the last line", |sample| sample.time == 6.0).await;
    assert_eq!(sample[Blendshape::JawOpen], 0.5);
    assert!(sample.tracked, "a program that never sends `tracked` sees a face");
    let mut receiver = source.stop().await;
    assert_eq!(receiver.skipped(), 4, "one line too long, one not JSON, one late, one unknown blendshape");
    assert_eq!(receiver.latest().map(|(sequence, _)| sequence), Some(2));
}

#[tokio::test]
async fn a_missing_program_is_reported() {
    let mut source = TestSource::start("process:command=/nowhere/tracker --fast");
    let failed = source.until_state("a failure", |state| matches!(state, SourceState::Failed(_))).await.to_string();
    assert!(failed.contains("/nowhere/tracker") && failed.contains("cannot be started"), "{failed}");
    source.stop().await;
}

#[tokio::test]
async fn datagrams_hold_lines() {
    let mut source = TestSource::start("process:udp=0");
    let state = source.until_state("its port", |state| matches!(state, SourceState::Connecting(_))).await.to_string();
    let here = state.split_whitespace().next_back().expect("an address").to_owned();
    assert!(here.starts_with("127.0.0.1:"), "{state}");
    let program = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("loopback");
    for datagram in ["junk", "{\"blendshapes\": {\"jawOpen\": 0.25}}\n{\"tracked\": true}"] {
        program.send_to(datagram.as_bytes(), &here).await.expect("loopback");
    }
    let sample = source.until_sample("both lines", |sample| sample.tracked).await;
    assert_eq!(sample[Blendshape::JawOpen], 0.25);
    assert_eq!(source.stop().await.skipped(), 1);
}

#[tokio::test]
async fn the_documented_example_nods_and_blinks() {
    if !has("python3") {
        return;
    }
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/examples/nod.py");
    let mut source = TestSource::start(&format!("process:command=python3 '{example}'"));
    source.until_sample("a blink", |sample| sample[Blendshape::EyeBlinkLeft] == 1.0).await;
    source.until_sample("a nod", |sample| sample.head.rotation_deg[0] > 6.0).await;
    assert_eq!(source.stop().await.skipped(), 0);
}

#[test]
fn exactly_one_of_command_and_udp_is_required() {
    for (spec, word) in [
        ("process", "`command=`"),
        ("process:command=x,udp=5", "not both"),
        ("process:udp=here", "`here`"),
        ("process:command='x", "unclosed"),
    ] {
        let spec = spec.parse().expect("well formed");
        let error = crate::open(&spec, &Surroundings::default()).err().expect("refused").to_string();
        assert!(error.contains(word), "{error}");
    }
}
