//! The tracker compared with the `MediaPipe` package's results, and given unusual pictures.

mod goldens;
mod odd_pictures;

use bunraku_capture::mediapipe::{
    FaceTracker, Mode, RuntimeChoice, TrackerOptions, describe_runtime, models::TrackingModels,
};
use bunraku_test_support::{Means, missing};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file or folder of the tracker's models and pictures, from the reference data.
fn shared(path: &str) -> Option<PathBuf> {
    bunraku_test_support::shared(Path::new("mediapipe").join(path))
}

fn json(path: &str) -> Option<Value> {
    let text = fs::read_to_string(shared(path)?).expect("it can be read");
    Some(serde_json::from_str(&text).expect("JSON"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// The official models.
fn models() -> Option<TrackingModels> {
    let bundle = fs::read(shared("face_landmarker.task")?).expect("it can be read");
    Some(TrackingModels::from_task(&bundle).expect("the bundle is whole"))
}

/// The runtimes of this machine.
fn runtimes() -> Vec<RuntimeChoice> {
    let found = describe_runtime().onnx_runtime.then_some(RuntimeChoice::Ort);
    let ort = found.or_else(|| missing(Means::Other, "no ONNX Runtime: only the built-in runtime is tested"));
    [RuntimeChoice::Rten].into_iter().chain(ort).collect()
}

fn tracker(models: &TrackingModels, mode: Mode, faces: usize, runtime: RuntimeChoice) -> FaceTracker {
    let options = TrackerOptions { mode, faces, runtime, threads: 2, ..TrackerOptions::default() };
    FaceTracker::new(models, &options).expect("the networks open")
}
