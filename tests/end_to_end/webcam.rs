//! The webcam from end to end, with pictures in the camera's place: the puppet turns as the face does, and a phone takes
//! over and hands back while it runs.

use crate::harness::{Phone, Puppet, shared, until};
use bunraku_capture::mediapipe::models::install_file;
use bunraku_core::{
    character::sample::tiny_character,
    pose::{Parameter, Pose},
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A head held level in the clip, and one that leans far: the numbers of their pictures.
const LEVEL: usize = 38;
const LEANING: usize = 20;

/// Pictures of each that are shown: two seconds, of which calibration takes one.
const SHOWN: usize = 60;

/// A character, the tracking models, and a configuration in which the pose is the source's alone.
struct Fixture {
    folder: TempDir,
    clip: PathBuf,
}

impl Fixture {
    /// `None`, with the test skipped, without the reference data.
    fn new() -> Option<Self> {
        let (clip, bundle) = (shared("mediapipe/video/video_a")?, shared("mediapipe/face_landmarker.task")?);
        let fixture = Self { folder: tempfile::tempdir().expect("a temporary folder"), clip };
        tiny_character(3).save(&fixture.path("character")).expect("saved");
        fs::create_dir(fixture.path("models")).expect("made");
        install_file(&bundle, &fixture.path("models")).expect("installed");
        let performer = "performer: {smoothing: {enabled: false}, breaths_per_minute: 0, blink: {enabled: false}}";
        // One picture again and again is not frozen here, and a busy machine may keep a source waiting.
        let switchboard = "switchboard: {frozen_after: .inf, stale_after: 10}";
        fs::write(fixture.path("bunraku.yaml"), format!("character: character\n{performer}\n{switchboard}\n"))
            .expect("written");
        Some(fixture)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder that shows picture by picture of the clip, each so many times.
    fn pictures(&self, name: &str, shown: &[(usize, usize)]) -> PathBuf {
        let folder = self.path(name);
        fs::create_dir(&folder).expect("made");
        let numbers = shown.iter().flat_map(|&(number, times)| std::iter::repeat_n(number, times));
        for (place, number) in numbers.enumerate() {
            let from = self.clip.join(format!("frame_{number:03}.jpg"));
            fs::copy(from, folder.join(format!("{place}.jpg"))).expect("copied");
        }
        folder
    }

    fn webcam(&self, pictures: &Path) -> String {
        format!("mediapipe:input={},loop=true,models={}", pictures.display(), self.path("models").display())
    }

    fn puppet(&self, sources: &[&str]) -> Puppet {
        let config = self.path("bunraku.yaml");
        let config = config.to_str().expect("UTF-8");
        let mut words = vec!["--config", config, "--engine", "cpu", "--size", "128", "--fps", "60"];
        words.extend(sources.iter().flat_map(|source| ["--source", source]));
        Puppet::start(&words)
    }
}

/// How far the head leans in a picture of the clip, in degrees about z, as `MediaPipe` itself has it.
fn lean(picture: usize) -> f64 {
    let golden = shared("mediapipe/golden/video_a.json").expect("beside the clip");
    let golden: Value = serde_json::from_slice(&fs::read(golden).expect("readable")).expect("JSON");
    let matrix = &golden["frames"][picture]["faces"][0]["matrix"];
    let [r10, r00] = [4, 0].map(|index| matrix[index].as_f64().expect("a number"));
    r10.atan2(r00).to_degrees()
}

/// What the control service says of the webcam.
fn webcam(puppet: &Puppet) -> Value {
    let status = puppet.status();
    let sources = status["sources"].as_array().expect("a list");
    sources.iter().find(|source| source["kind"] == "mediapipe").expect("it was asked for").clone()
}

#[test]
fn the_puppet_leans_as_the_face_does_and_a_phone_takes_over_and_hands_back() {
    let Some(fixture) = Fixture::new() else { return };
    // A camera is a looking glass: who leans to one side sees the puppet lean to the same side of the screen.
    let mirrored = -1.0;
    let wanted = (mirrored * (lean(LEANING) - lean(LEVEL)) / 15.0).clamp(-1.0, 1.0) as f32;
    assert!(wanted.abs() > 0.9, "the clip shows too little: {wanted}");
    let leans = move |pose: &Pose| (pose[Parameter::NeckZ] - wanted).abs() < 0.15;
    let level = |pose: &Pose| pose[Parameter::NeckZ].abs() < 0.15;

    let pictures = fixture.pictures("pictures", &[(LEVEL, SHOWN), (LEANING, SHOWN)]);
    let phone = Phone::start("jawOpen&60|mouthLowerDown_L&60|mouthLowerDown_R&60|=head#0,-5,0,0,0,0|");
    let on_phone = format!("ifacialmocap:host={},port=0", phone.address());
    let puppet = fixture.puppet(&[&fixture.webcam(&pictures), &on_phone]);

    puppet.until_live("mediapipe");
    puppet.until_pose("the head leans as in the picture", leans);
    puppet.until_pose("the head is level again", level);
    let camera = webcam(&puppet);
    let [work, latency] = ["work_ms", "latency_ms"].map(|name| camera[name].as_f64().expect("milliseconds"));
    assert!(work > 0.0 && latency >= work, "{camera}");

    assert_eq!(puppet.post("/api/source", r#"{"name": "ifacialmocap"}"#).0, 200);
    let turned = puppet.until_pose("the phone's turn", |pose| (pose[Parameter::HeadY] - 0.5).abs() < 1e-6);
    assert!(turned[Parameter::MouthAaa] > 0.5 && turned[Parameter::NeckZ].abs() < 1e-6, "{turned:?}");
    assert_eq!(puppet.post("/api/source", r#"{"name": "mediapipe"}"#).0, 200);
    puppet.until_live("mediapipe");
    puppet.until_pose("the head leans as in the picture once more", leans);
}

#[test]
fn a_camera_that_vanishes_leaves_the_puppet_moving_and_comes_back() {
    let Some(fixture) = Fixture::new() else { return };
    let pictures = fixture.pictures("pictures", &[(LEVEL, 3)]);
    let puppet = fixture.puppet(&[&fixture.webcam(&pictures)]);
    puppet.until_live("mediapipe");
    fs::rename(&pictures, fixture.path("gone")).expect("taken away");
    let failed = until("the loss is told", || Some(webcam(&puppet)).filter(|camera| camera["state"] == "failed"));
    assert!(failed["says"].as_str().is_some_and(|says| says.contains("pictures")), "{failed}");
    puppet.until_live("idle");
    let steps = puppet.status()["steps"].as_u64().expect("a count");
    until("the puppet goes on", || puppet.status()["steps"].as_u64().filter(|&now| now > steps + 10));
    fs::rename(fixture.path("gone"), &pictures).expect("put back");
    puppet.until_live("mediapipe");
}

#[test]
fn without_models_the_puppet_runs_and_says_how_to_get_them() {
    let Some(fixture) = Fixture::new() else { return };
    let pictures = fixture.pictures("pictures", &[(LEVEL, 3)]);
    fs::rename(fixture.path("models"), fixture.path("kept")).expect("taken away");
    fs::create_dir(fixture.path("models")).expect("made");
    let puppet = fixture.puppet(&[&fixture.webcam(&pictures)]);
    puppet.until_live("idle");
    let failed =
        until("what is missing is told", || Some(webcam(&puppet)).filter(|camera| camera["state"] == "failed"));
    assert!(failed["says"].as_str().is_some_and(|says| says.contains("bunraku models install")), "{failed}");
}
