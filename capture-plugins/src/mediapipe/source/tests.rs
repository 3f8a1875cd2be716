//! The source on pictures and videos, end to end. Tests that need the networks take them from the reference data.

use super::super::models::install_file;
use crate::testing::TestSource;
use bunraku_core::{sample::Blendshape, source::SourceState};
use image::{Rgb, RgbImage};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

fn shared(name: &str) -> Option<PathBuf> {
    bunraku_test_support::shared(Path::new("mediapipe").join(name))
}

/// A folder with the tracking models.
fn models() -> Option<TempDir> {
    let bundle = shared("face_landmarker.task")?;
    let folder = tempfile::tempdir().expect("a folder");
    install_file(&bundle, folder.path()).expect("installed");
    Some(folder)
}

fn spec(input: &Path, models: &Path, more: &str) -> String {
    format!("mediapipe:input={},models={}{more}", input.display(), models.display())
}

fn failed_with(word: &str) -> impl Fn(&SourceState) -> bool {
    move |state| matches!(state, SourceState::Failed(why) if why.contains(word))
}

/// The head's angle about z in degrees in each frame of the clip, as computed by `MediaPipe` itself.
fn rolls_of_the_clip() -> Option<Vec<f64>> {
    let golden = fs::read_to_string(shared("golden/video_a.json")?).expect("a golden file can be read");
    let golden: serde_json::Value = serde_json::from_str(&golden).expect("JSON");
    let frames = golden["frames"].as_array().expect("a frame a picture");
    let matrix = |frame: &serde_json::Value, index: usize| frame["faces"][0]["matrix"][index].as_f64();
    let roll = |frame| Some(matrix(frame, 4)?.atan2(matrix(frame, 0)?).to_degrees());
    Some(frames.iter().filter_map(roll).collect())
}

#[tokio::test]
async fn samples_follow_the_head_in_the_clip_to_its_end() {
    let (Some(clip), Some(models)) = (shared("video/video_a"), models()) else { return };
    let Some(rolls) = rolls_of_the_clip() else { return };
    let (least, most) = (rolls.iter().fold(f64::MAX, |a, &b| a.min(b)), rolls.iter().fold(f64::MIN, |a, &b| a.max(b)));
    assert!(least < -20.0 && most > 8.0, "the head does not turn in the clip: {least} to {most}");
    // Slower than recorded, so that a busy machine sees both ends of the motion.
    let mut source = TestSource::start(&spec(&clip, models.path(), ",fps=15"));
    for (what, end) in [("to the right", least), ("to the left", most)] {
        let sample =
            source.until_sample(what, |sample| sample.tracked && (sample.head.rotation_deg[2] - end).abs() < 3.0).await;
        assert!(sample.head.translation_cm[2] < -20.0, "before the camera: {:?}", sample.head);
    }
    source.until_end().await;
    assert_eq!(source.receiver.state(), SourceState::Idle);
    let timing = source.receiver.timing().expect("it computes");
    assert!(timing.work.as_micros() > 0 && timing.age >= timing.work, "{timing:?}");
}

#[tokio::test]
async fn without_models_it_says_how_to_install_them_and_starts_once_they_are_there() {
    let (Some(clip), Some(bundle)) = (shared("video/video_a"), shared("face_landmarker.task")) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut source = TestSource::start(&spec(&clip, folder.path(), ",loop=true"));
    source.until_state("what to do", failed_with("bunraku models install")).await;
    install_file(&bundle, folder.path()).expect("installed");
    source.until_sample("a face", |sample| sample.tracked && sample[Blendshape::JawOpen] > 0.1).await;
    source.stop().await;
}

#[tokio::test]
async fn a_damaged_model_is_named() {
    let (Some(clip), Some(models)) = (shared("video/video_a"), models()) else { return };
    let network = fs::read_dir(models.path()).expect("readable").filter_map(Result::ok).map(|entry| entry.path());
    let network =
        network.into_iter().find(|path| path.extension().is_some_and(|end| end == "onnx")).expect("a network");
    let whole = fs::read(&network).expect("readable");
    fs::write(&network, &whole[..whole.len() / 2]).expect("written");
    let mut source = TestSource::start(&spec(&clip, models.path(), ""));
    let name = network.file_name().and_then(|name| name.to_str()).expect("a name");
    source.until_state("which is damaged", failed_with(name)).await;
    source.stop().await;
}

#[tokio::test]
async fn a_folder_that_vanishes_is_reported_and_used_again_when_it_returns() {
    let (Some(clip), Some(models)) = (shared("video/video_a"), models()) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (here, gone) = (folder.path().join("here"), folder.path().join("gone"));
    fs::create_dir(&here).expect("made");
    for number in 0..5 {
        let name = format!("frame_{number:03}.jpg");
        fs::copy(clip.join(&name), here.join(&name)).expect("copied");
    }
    let mut source = TestSource::start(&spec(&here, models.path(), ",loop=true"));
    source.until_sample("a face", |sample| sample.tracked).await;
    fs::rename(&here, &gone).expect("taken away");
    source.until_state("that they are gone", failed_with("here")).await;
    fs::rename(&gone, &here).expect("put back");
    source.until_state("that they are back", |state| *state == SourceState::Live).await;
    source.stop().await;
}

#[tokio::test]
async fn frames_without_a_face_give_untracked_samples() {
    let Some(models) = models() else { return };
    let noise = |x: u32, y: u32| {
        let hash = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(0xc2b2_ae3d);
        Rgb([hash as u8, (hash >> 8) as u8, (hash >> 16) as u8])
    };
    let pictures = [
        ("black", RgbImage::new(640, 480)),
        ("noise", RgbImage::from_fn(640, 480, noise)),
        ("12 megapixels", RgbImage::new(4000, 3000)),
        ("a pixel", RgbImage::new(1, 1)),
    ];
    for (what, picture) in pictures {
        let folder = tempfile::tempdir().expect("a folder");
        picture.save(folder.path().join("1.png")).expect("saved");
        let mut source = TestSource::start(&spec(folder.path(), models.path(), ",loop=true"));
        source.until(what, |receiver| receiver.latest().filter(|(sequence, _)| *sequence > 3)).await;
        let receiver = &mut source.receiver;
        assert!(
            receiver.state() == SourceState::Live && receiver.latest().is_some_and(|(_, sample)| !sample.tracked),
            "{what}"
        );
        source.stop().await;
    }
}

#[tokio::test]
async fn an_unreadable_video_is_reported_with_its_reason() {
    let Some(models) = models() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes, word) in [
        ("empty.y4m", &b""[..], "empty"),
        ("flat.y4m", b"YUV4MPEG2 W0 H0 F30:1\n", "0 x 0"),
        ("rubbish.mjpeg", &[7; 4000], "no JPEG picture"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        let mut source = TestSource::start(&spec(&path, models.path(), ""));
        source.until_state(word, failed_with(word)).await;
        source.stop().await;
    }
}

#[test]
fn mistyped_settings_are_refused_on_opening() {
    for (spec, word) in [
        ("mediapipe:input=/nowhere/clip.y4m", "/nowhere/clip.y4m"),
        ("mediapipe:models=/nowhere", "`models`"),
        ("mediapipe:camra=0", "did you mean `camera`?"),
        ("mediapipe:gamma=9", "gamma"),
    ] {
        let spec = spec.parse().expect("well formed");
        let error = crate::open(&spec, &crate::Surroundings::default()).err().expect("refused").to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[tokio::test]
async fn a_missing_camera_is_reported_and_the_source_still_stops() {
    let Some(models) = models() else { return };
    let spec = format!("mediapipe:camera=no such camera,models={}", models.path().display());
    let mut source = TestSource::start(&spec);
    source.until_state("that there is none", failed_with("no such camera")).await;
    source.stop().await;
}
