//! `bunraku record` and `bunraku sources`, as users run them.

use bunraku_capture::recording::RecordingReader;
use bunraku_core::sample::Blendshape;
use serde_json::Value;
use std::{
    net::{SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_mins(1);

/// Bytes of a recording that hold some dozens of samples.
const ENOUGH: u64 = 60_000;

fn bunraku() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bunraku"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A phone that answers the recorder's greeting until something of what it says is on the disk.
fn play_phone(phone: &UdpSocket, here: SocketAddr, part: &Path) {
    let begun = Instant::now();
    for index in 1_u32.. {
        assert!(begun.elapsed() < PATIENCE, "nothing was written to {}", part.display());
        phone.send_to(format!("jawOpen&{}|=head#1,2,3,0,0,0|", index % 100).as_bytes(), here).expect("loopback");
        if part.metadata().is_ok_and(|file| file.len() > ENOUGH) {
            return;
        }
        std::thread::yield_now();
    }
}

fn interrupt(recorder: Child) -> Output {
    let killed = Command::new("kill").args(["-INT", &recorder.id().to_string()]).status().expect("a kill command");
    assert!(killed.success());
    recorder.wait_with_output().expect("it ends")
}

#[test]
#[cfg(unix)]
fn an_interrupted_recording_is_kept_and_plays_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, part) = (folder.path().join("take.jsonl"), folder.path().join("take.jsonl.part"));
    let phone = UdpSocket::bind("127.0.0.1:0").expect("loopback");
    phone.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let source = format!("ifacialmocap:host={},port=0", phone.local_addr().expect("bound"));
    let recorder = bunraku().args(["record", "--source", &source, "--out"]).arg(&file).spawn().expect("it starts");
    let mut greeting = [0; 200];
    let (length, here) = phone.recv_from(&mut greeting).expect("a greeting");
    assert!(greeting[..length].starts_with(b"iFacialMocap_"));
    play_phone(&phone, here, &part);
    let output = interrupt(recorder);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("replay:file="), "{output:?}");
    assert!(!part.exists());
    let (first, again) = (jaws(&file), jaws(&played_back(&file)));
    // A busy machine may let a sample be overtaken by the next; none is made up, and the last one stays.
    assert!(again.iter().all(|jaw| first.contains(jaw)) && again.last() == first.last(), "{first:?} {again:?}");
}

/// What the jaw did in a recording.
fn jaws(recording: &Path) -> Vec<f64> {
    let reader = RecordingReader::open(recording).expect("it opens");
    let jaws: Vec<f64> = reader.map(|sample| sample.expect("it reads")[Blendshape::JawOpen]).collect();
    assert!(jaws.len() >= 20 && jaws.iter().any(|&jaw| jaw > 0.0), "{} samples", jaws.len());
    jaws
}

/// A recording of a recording, played slowly.
fn played_back(file: &Path) -> PathBuf {
    let reader = RecordingReader::open(file).expect("it opens");
    let slow = file.with_extension("slow.jsonl");
    // The phone spoke as fast as it could; the lines without their times are 1/60 s apart.
    let lines: Vec<String> = reader
        .map(|sample| {
            let mut line = sample.expect("it reads").to_update();
            line.time = None;
            serde_json::to_string(&line).expect("a sample serialises") + "\n"
        })
        .collect();
    std::fs::write(&slow, lines.concat()).expect("written");
    let again = file.with_extension("again.jsonl.gz");
    let source = format!("replay:file={}", slow.display());
    let output = bunraku().args(["record", "--source", &source, "--out"]).arg(&again).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    again
}

#[test]
fn a_source_that_says_nothing_leaves_no_file_and_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("take.jsonl");
    let record = ["record", "--source", "mouse", "--seconds", "0.2", "--out"];
    let output = bunraku().args(record).arg(&file).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("error: nothing was recorded") && said.contains("help:"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn the_sources_are_one_line_of_json() {
    let output = bunraku().args(["sources", "--json"]).output().expect("it starts");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!((output.status.code(), text.lines().count()), (Some(0), 1));
    let sources: Value = serde_json::from_str(&text).expect("JSON");
    let names: Vec<&str> =
        sources["sources"].as_array().expect("a list").iter().filter_map(|s| s["name"].as_str()).collect();
    for name in ["idle", "mouse", "replay", "process", "ifacialmocap"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
}
