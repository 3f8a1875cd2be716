//! `bunraku track` on pictures and a clip, beside what the `MediaPipe` package found in them.

use crate::harness::{Finished, bunraku, shared};
use serde_json::Value;
use std::{fs, path::PathBuf};

/// Runs `bunraku track` with the official models on an input; `None`, with the test skipped, without them.
fn track(input: &str, words: &[&str]) -> Option<Finished> {
    let models = shared("mediapipe/face_landmarker.task")?.to_string_lossy().into_owned();
    let input = shared(input)?.to_string_lossy().into_owned();
    Some(bunraku(&[&["track", "--models", &models, "--input", &input], words].concat()))
}

fn lines(finished: &Finished) -> Vec<Value> {
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    finished.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn golden(name: &str) -> Option<Value> {
    let text = fs::read_to_string(shared(format!("mediapipe/golden/{name}.json"))?).expect("readable");
    Some(serde_json::from_str(&text).expect("JSON"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// The mean distance of the landmarks in pixels, and the greatest difference of the scores of expression.
fn apart(face: &Value, golden: &Value, size: &Value) -> (f64, f64) {
    let points = |face: &Value| face["landmarks"].as_array().expect("landmarks").clone();
    let (found, expected) = (points(face), points(golden));
    assert_eq!((found.len(), face["matrix"].as_array().map(Vec::len)), (478, Some(16)));
    let along = |a: &Value, b: &Value, axis: usize| (number(&a[axis]) - number(&b[axis])) * number(&size[axis]);
    let distances = found.iter().zip(&expected).map(|(a, b)| along(a, b, 0).hypot(along(a, b, 1)));
    let mean = distances.sum::<f64>() / 478.0;
    let scores = |face: &Value| face["blendshapes"].as_array().expect("scores").iter().map(number).collect::<Vec<_>>();
    let (found, expected) = (scores(face), scores(golden));
    assert_eq!(found.len(), 52);
    (mean, found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max))
}

#[test]
fn a_folder_of_pictures_gives_a_line_each_in_natural_order() {
    let (Some(finished), Some(golden)) = (track("mediapipe/images", &["--mode", "image"]), golden("images")) else {
        return;
    };
    let lines = lines(&finished);
    let images = golden["images"].as_object().expect("images");
    assert_eq!(lines.len(), images.len());
    let names: Vec<&str> = lines.iter().map(|line| line["frame"].as_str().expect("a name")).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["time_ms"], (1000 * index / 30) as u64);
        let expected = &images[names[index]];
        let (found, expected_faces) = (line["faces"].as_array(), expected["faces"].as_array());
        let (found, expected_faces) = (found.expect("faces"), expected_faces.expect("faces"));
        assert_eq!(found.len(), expected_faces.len().min(1), "{}", names[index]);
        for (face, golden) in found.iter().zip(expected_faces) {
            let (pixels, score) = apart(face, golden, &expected["size"]);
            assert!(pixels < 0.1 && score < 0.02, "{}: {pixels} px, {score}", names[index]);
        }
    }
}

#[test]
fn a_clip_is_followed_and_its_times_are_told() {
    let words = ["--fps", "30", "--runtime", "rten", "--threads", "2", "--timings"];
    let (Some(finished), Some(golden)) = (track("mediapipe/video/video_a", &words), golden("video_a")) else { return };
    let lines = lines(&finished);
    let frames = golden["frames"].as_array().expect("frames");
    assert_eq!(lines.len(), frames.len());
    for (line, frame) in lines.iter().zip(frames) {
        let [face] = &line["faces"].as_array().expect("faces")[..] else { panic!("one face: {}", line["frame"]) };
        let (pixels, score) = apart(face, &frame["faces"][0], &golden["size"]);
        assert!(pixels < 0.5 && score < 0.12, "{}: {pixels} px, {score}", line["frame"]);
    }
    assert_eq!((&lines[0]["frame"], &lines[2]["time_ms"]), (&"frame_000.jpg".into(), &66.into()));
    for part in ["60 pictures on the built-in runtime", "a picture: median", "landmarks: median", "p99"] {
        assert!(finished.stderr.contains(part), "{part}: {}", finished.stderr);
    }
}

#[test]
fn what_cannot_be_tracked_is_named_with_a_way_out() {
    let Some(models) = shared("mediapipe/face_landmarker.task") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    fs::create_dir(path("empty")).expect("made");
    fs::create_dir(path("torn")).expect("made");
    fs::write(path("torn").join("a.png"), b"\x89PNG\r\n\x1a\n but no more").expect("written");
    fs::write(path("half.task"), &fs::read(&models).expect("readable")[..100_000]).expect("written");
    let (whole, half) = (text(models), text(path("half.task")));
    for (input, models, parts) in [
        (text(path("none")), &whole, &["cannot track", "none"][..]),
        (text(path("empty")), &whole, &["contains no picture"]),
        (text(path("torn")), &whole, &["a.png", "cannot be decoded"]),
        (text(path("torn")), &half, &["half.task", "bunraku models install"]),
        (text(path("torn")), &text(path("nowhere")), &["bunraku models install"]),
    ] {
        let finished = bunraku(&["track", "--models", models, "--input", &input, "--runtime", "rten"]);
        assert_eq!((finished.status, finished.stdout.as_str()), (1, ""), "{input}: {}", finished.stderr);
        for part in parts.iter().chain(&["error: ", "help: "]) {
            assert!(finished.stderr.contains(part), "{input}: {part}: {}", finished.stderr);
        }
    }
    assert_eq!(bunraku(&["track", "--input", "x", "--fps", "0"]).status, 2);
    assert_eq!(bunraku(&["track", "--input", "x", "--faces", "0"]).status, 2);
    assert_eq!(bunraku(&["track"]).status, 2);
}

#[test]
fn a_runtime_that_is_named_and_is_none_is_told_and_the_built_in_one_serves() {
    let Some(models) = shared("mediapipe/face_landmarker.task") else { return };
    let Some(input) = shared("mediapipe/video/video_a") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let library = folder.path().join("libonnxruntime.so");
    fs::write(&library, "no library").expect("written");
    let one = folder.path().join("one");
    fs::create_dir(&one).expect("made");
    fs::copy(input.join("frame_000.jpg"), one.join("frame.jpg")).expect("copied");
    let run = |runtime: &str| {
        let mut command = std::process::Command::new(crate::harness::PROGRAM);
        command.args(["track", "--timings", "--runtime", runtime, "--models"]).arg(&models).arg("--input").arg(&one);
        for variable in ["VIRTUAL_ENV", "CONDA_PREFIX", "RUST_LOG"] {
            command.env_remove(variable);
        }
        let output = command.env("ORT_DYLIB_PATH", &library).output().expect("bunraku starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, said) = run("auto");
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("1 pictures on") && said.contains("libonnxruntime.so cannot be used"), "{said}");
    // A machine may have it elsewhere; then that is used.
    let (status, said) = run("ort");
    assert!(status == Some(0) || said.contains("error: ONNX Runtime cannot be used"), "{said}");
}
