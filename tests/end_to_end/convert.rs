//! `bunraku convert`, from standard input to standard output, on the reference's packets and detections.

use crate::harness::{PROGRAM, bunraku, shared};
use bunraku_core::pose::{POSE_LEN, Parameter};
use serde_json::Value;
use std::{
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

const FITTED: [Parameter; 4] = [Parameter::MouthAaa, Parameter::MouthIii, Parameter::MouthUuu, Parameter::MouthOoo];

/// Runs `bunraku convert` with these arguments on these lines.
fn convert(args: &[&str], lines: &[String]) -> Output {
    let mut child = Command::new(PROGRAM)
        .arg("convert")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bunraku starts");
    let mut input = child.stdin.take().expect("stdin is a pipe");
    let text = lines.join("\n");
    // Written aside: a program that refuses its arguments reads nothing, and one that answers early must be read.
    let writer = thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("bunraku ends");
    // A broken pipe is the refusal's business, which the exit status tells.
    let _ = writer.join().expect("the writer does not panic");
    output
}

fn json_lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn golden(profile: &str) -> Option<Value> {
    let path = shared(format!("tha4/golden/converters/{profile}.json"))?;
    let text = std::fs::read_to_string(path).expect("the golden can be read");
    Some(serde_json::from_str(&text).expect("the golden is JSON"))
}

fn input_line(profile: &str, case: &Value) -> String {
    if profile == "ifacialmocap" {
        return case["packet"].as_str().expect("a packet").to_owned();
    }
    let rows = case["matrix_row_major"].as_array().expect("a matrix");
    let matrix: Vec<&Value> = rows.iter().flat_map(|row| row.as_array().expect("a row")).collect();
    serde_json::json!({"blendshapes": case["blendshapes"], "matrix": matrix}).to_string()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// Where the line's pose is not the golden's; the fitted mouth counts where the reference's optimiser converged.
fn differing(line: &Value, case: &Value) -> Vec<&'static str> {
    let (pose, expected) = (numbers(&line["pose"]), numbers(&case["pose"]));
    assert_eq!(pose.len(), POSE_LEN);
    let stalled = case["mouth"]["reference_converged"] == false;
    let differs = |parameter: &Parameter| {
        let fitted = FITTED.contains(parameter);
        let tolerance = if fitted { 1e-4 } else { 1e-5 };
        !(fitted && stalled) && (pose[parameter.index()] - expected[parameter.index()]).abs() > tolerance
    };
    Parameter::ALL.into_iter().filter(differs).map(Parameter::name).collect()
}

#[test]
fn the_references_lines_give_the_references_poses() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = folder.path().join("quirks.yaml");
    std::fs::write(&settings, "reference_quirks: true\n").expect("the settings are written");
    for profile in ["ifacialmocap", "mediapipe"] {
        let Some(golden) = golden(profile) else { return };
        let cases = golden["default"].as_array().expect("cases");
        let lines: Vec<String> = cases.iter().map(|case| input_line(profile, case)).collect();
        let output = convert(&["--profile", profile, "--settings", &settings.to_string_lossy()], &lines);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let poses = json_lines(&output);
        assert_eq!(poses.len(), cases.len());
        for (line, case) in poses.iter().zip(cases) {
            assert!(differing(line, case).is_empty(), "{}: {:?}", case["id"], differing(line, case));
        }
    }
}

#[test]
fn every_setting_of_the_reference_does_what_it_did() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for profile in ["ifacialmocap", "mediapipe"] {
        let Some(golden) = golden(profile) else { return };
        for case in golden["changed_args"].as_array().expect("cases") {
            let mut settings = case["args"].clone();
            settings["reference_quirks"] = true.into();
            // JSON is YAML.
            let path = folder.path().join("settings.yaml");
            std::fs::write(&path, settings.to_string()).expect("the settings are written");
            let args = ["--profile", profile, "--settings", &path.to_string_lossy()];
            let output = convert(&args, &[input_line(profile, case)]);
            assert!(output.status.success(), "{}: {}", case["id"], String::from_utf8_lossy(&output.stderr));
            let [line] = &json_lines(&output)[..] else { panic!("{}: one line in, one line out", case["id"]) };
            // Where the reference raised there is no pose to compare, but there must be one.
            let differing = if case["pose"].is_null() { Vec::new() } else { differing(line, case) };
            assert!(line["pose"].is_array() && differing.is_empty(), "{}: {differing:?}", case["id"]);
        }
    }
}

#[test]
fn the_breath_follows_the_given_time() {
    let Some(golden) = golden("ifacialmocap") else { return };
    for case in golden["breathing"].as_array().expect("cases") {
        if case["breathing"]["frequency"] != 20 {
            continue;
        }
        let time = case["breathing"]["seconds_since_cycle_start"].to_string();
        let output = convert(&["--profile", "ifacialmocap", "--time", &time], &[input_line("ifacialmocap", case)]);
        let breathing = json_lines(&output)[0]["pose"][Parameter::Breathing.index()].as_f64().expect("a number");
        let expected = case["pose"][Parameter::Breathing.index()].as_f64().expect("a number");
        assert!((breathing - expected).abs() < 1e-5, "{time} s: {breathing}");
    }
}

#[test]
fn odd_packets_give_poses_and_only_nonsense_gives_an_error() {
    let Some(golden) = golden("ifacialmocap") else { return };
    let mut lines: Vec<String> =
        golden["odd_packets"].as_array().expect("cases").iter().map(|case| input_line("ifacialmocap", case)).collect();
    lines.insert(1, "GET / HTTP/1.1".to_owned());
    let output = convert(&["--profile", "ifacialmocap"], &lines);
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(complaint.contains("error: convert: 1 of 9 lines") && complaint.contains("help:"), "{complaint}");
    for (index, line) in json_lines(&output).iter().enumerate() {
        assert_eq!(line["error"].is_string(), index == 1, "{line}");
        assert_eq!(line["pose"].is_array(), index != 1, "{line}");
    }
}

#[test]
fn settings_that_are_wrong_are_named_before_anything_is_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("settings.yaml");
    std::fs::write(&path, "eye_blnk_max: 0.7\n").expect("the settings are written");
    let output = convert(&["--profile", "ifacialmocap", "--settings", &path.to_string_lossy()], &[]);
    assert_eq!(output.status.code(), Some(1));
    let complaint = String::from_utf8_lossy(&output.stderr);
    for part in ["settings.yaml", "eye_blnk_max", "did you mean `eye_blink_max`?"] {
        assert!(complaint.contains(part), "{complaint}");
    }
    assert_eq!(convert(&["--profile", "webcam"], &[]).status.code(), Some(2));
    assert_eq!(convert(&["--profile", "mediapipe", "--time", "soon"], &[]).status.code(), Some(2));
}

#[test]
fn render_draws_what_convert_writes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (poses, out) = (folder.path().join("poses.jsonl"), folder.path().join("pictures"));
    let packets = ["jawOpen-0", "jawOpen-90"].map(str::to_owned);
    std::fs::write(&poses, convert(&["--profile", "ifacialmocap"], &packets).stdout).expect("written");
    let [poses, out] = [&poses, &out].map(|path| path.to_str().expect("UTF-8"));
    let drawn = bunraku(&["render", "--size", "128", "--quality", "fast", "--poses", poses, "--out", out]);
    assert_eq!(drawn.status, 0, "{}", drawn.stderr);
    for name in ["000001.png", "000002.png"] {
        assert!(Path::new(out).join(name).exists(), "{name} is not there");
    }
}
