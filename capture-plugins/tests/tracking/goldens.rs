//! Comparison with the results of the `MediaPipe` package (`TRACKER.md` §10).

use super::{json, models, numbers, runtimes, shared, tracker};
use bunraku_capture::mediapipe::{
    Face, FaceTracker, Mode, Rgb8View,
    frames::{FrameSource as _, RgbFrame, folder::FolderSource},
};
use serde_json::Value;
use std::{collections::HashMap, path::Path};

/// The distance between a face and the package's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Distance {
    mean_px: f64,
    max_px: f64,
    blendshape: f64,
    mean_blendshape: f64,
    rotation_deg: f64,
    translation_cm: f64,
}

impl Distance {
    fn between(face: &Face, golden: &Value, [width, height]: [f64; 2]) -> Self {
        let points = golden["landmarks"].as_array().expect("landmarks").iter().map(numbers);
        let pixels = face.landmarks.iter().zip(points).map(|(found, expected)| {
            let [x, y, _] = found.map(f64::from);
            ((x - expected[0]) * width).hypot((y - expected[1]) * height)
        });
        let pixels: Vec<f64> = pixels.collect();
        let scores = numbers(&golden["blendshapes"]).into_iter();
        let scores: Vec<f64> =
            scores.zip(face.blendshapes).map(|(expected, found)| (f64::from(found) - expected).abs()).collect();
        let (rotation_deg, translation_cm) = matrices(face, &numbers(&golden["matrix"]));
        Self {
            mean_px: pixels.iter().sum::<f64>() / pixels.len() as f64,
            max_px: pixels.iter().copied().fold(0.0, f64::max),
            blendshape: scores.iter().copied().fold(0.0, f64::max),
            mean_blendshape: scores.iter().sum::<f64>() / scores.len() as f64,
            rotation_deg,
            translation_cm,
        }
    }

    fn within(&self, limit: &Self) -> bool {
        self.mean_px <= limit.mean_px
            && self.max_px <= limit.max_px
            && self.blendshape <= limit.blendshape
            && self.mean_blendshape <= limit.mean_blendshape
            && self.rotation_deg <= limit.rotation_deg
            && self.translation_cm <= limit.translation_cm
    }
}

/// The angle in degrees and the distance in centimetres between a face's matrix and a row-major one.
fn matrices(face: &Face, golden: &[f64]) -> (f64, f64) {
    let matrix = face.matrix.expect("a face has a matrix").map(|row| row.map(f64::from));
    let length = |entry: &dyn Fn(usize, usize) -> f64| (0..3).map(|row| entry(row, 0).powi(2)).sum::<f64>().sqrt();
    let (found, expected) = (|r: usize, c: usize| matrix[r][c], |r: usize, c: usize| golden[4 * r + c]);
    let (scale, golden_scale) = (length(&found), length(&expected));
    let entries = (0..3).flat_map(|row| (0..3).map(move |column| (row, column)));
    let turned =
        entries.map(|(r, c)| (found(r, c) / scale - expected(r, c) / golden_scale).powi(2)).sum::<f64>().sqrt();
    let apart = (0..3).map(|row| (found(row, 3) - expected(row, 3)).powi(2)).sum::<f64>().sqrt();
    // The Frobenius distance of two rotations an angle a apart is 2 sqrt(2) sin(a / 2).
    ((2.0 * (turned / 8f64.sqrt()).min(1.0).asin()).to_degrees(), apart)
}

fn check(name: &str, faces: &[Face], golden: &Value, size: [f64; 2], limit: &Distance) -> Vec<Distance> {
    let golden = golden.as_array().expect("faces");
    assert_eq!(faces.len(), golden.len(), "{name}: faces found");
    let distances = faces.iter().zip(golden).map(|(face, golden)| Distance::between(face, golden, size));
    let distances: Vec<Distance> = distances.collect();
    for distance in &distances {
        assert!(distance.within(limit), "{name}: {distance:?} beyond {limit:?}");
    }
    distances
}

fn frames(folder: &Path) -> Vec<RgbFrame> {
    let mut source = FolderSource::open(folder).expect("pictures");
    let mut frames = Vec::new();
    let mut frame = RgbFrame::default();
    while source.next(&mut frame).expect("a picture").is_some() {
        frames.push(frame.clone());
    }
    frames
}

fn size(frame: &RgbFrame) -> [f64; 2] {
    [frame.width as f64, frame.height as f64]
}

fn view(frame: &RgbFrame) -> Rgb8View<'_> {
    frame.view().expect("a picture")
}

#[test]
fn pictures_give_the_faces_of_the_package() {
    let (Some(models), Some(golden), Some(folder)) = (models(), json("golden/images.json"), shared("images")) else {
        return;
    };
    let limit = Distance {
        mean_px: 0.1,
        max_px: 0.4,
        blendshape: 0.02,
        mean_blendshape: 0.02,
        rotation_deg: 0.15,
        translation_cm: 0.05,
    };
    for runtime in runtimes() {
        let mut trackers: HashMap<u64, FaceTracker> = HashMap::new();
        let mut all = Vec::new();
        for frame in frames(&folder) {
            let expected = &golden["images"][&frame.name];
            let count = expected["num_faces"].as_u64().expect("a number");
            let tracker =
                trackers.entry(count).or_insert_with(|| tracker(&models, Mode::Image, count as usize, runtime));
            let faces = tracker.track(view(&frame), 0).expect("tracked");
            all.extend(check(&frame.name, faces, &expected["faces"], size(&frame), &limit));
        }
        assert_eq!(all.len(), 14);
        eprintln!("pictures, {runtime:?}: worst {:?}", worst(&all));
    }
}

fn worst(distances: &[Distance]) -> Distance {
    distances.iter().fold(Distance::default(), |a, b| Distance {
        mean_px: a.mean_px.max(b.mean_px),
        max_px: a.max_px.max(b.max_px),
        blendshape: a.blendshape.max(b.blendshape),
        mean_blendshape: a.mean_blendshape.max(b.mean_blendshape),
        rotation_deg: a.rotation_deg.max(b.rotation_deg),
        translation_cm: a.translation_cm.max(b.translation_cm),
    })
}

/// The limits for frames that the package read with another JPEG decoder.
const CLIP: Distance = Distance {
    mean_px: 0.5,
    max_px: f64::INFINITY,
    blendshape: 0.12,
    mean_blendshape: 0.01,
    rotation_deg: 0.6,
    translation_cm: f64::INFINITY,
};

fn clip_agrees(golden: &str, faces: usize) {
    let (Some(models), Some(golden), Some(folder)) = (models(), json(golden), shared("video/video_a")) else { return };
    let frames = frames(&folder);
    let expected = golden["frames"].as_array().expect("frames");
    assert_eq!(frames.len(), expected.len());
    for runtime in runtimes() {
        let mut tracker = tracker(&models, Mode::Video, faces, runtime);
        let mut all = Vec::new();
        for (frame, expected) in frames.iter().zip(expected) {
            let found = tracker.track(view(frame), expected["t_ms"].as_u64().expect("milliseconds")).expect("tracked");
            all.extend(check(&frame.name, found, &expected["faces"], size(frame), &CLIP));
        }
        eprintln!("clip, {faces} faces, {runtime:?}: worst {:?}", worst(&all));
    }
}

#[test]
fn a_clip_gives_the_smoothed_face_of_the_package() {
    clip_agrees("golden/video_a.json", 1);
}

#[test]
fn a_clip_of_several_faces_gives_those_of_the_package_unsmoothed() {
    clip_agrees("golden/video_a_nf2_unsmoothed.json", 2);
}
