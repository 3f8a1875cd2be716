//! Both engines against the reference's pictures of the published students (`core/spec/goldens.md`).

use bunraku_core::{color::encode_reference, pose::Pose};
use bunraku_engine::{
    Avatar, Character, CpuFrame, EngineChoice, FramePool, Quality, View,
    native::{self, OpenOptions, Reader},
};
use bunraku_test_support::{Means, missing, shared};
use serde_json::Value;
use std::{path::Path, sync::Arc};

/// The values of a float32 `.npy` of shape `[channels, edge, edge]`.
fn read_npy(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).expect("a golden");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[10 + header..].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Maximal and mean absolute difference of a frame's part from a golden: rows and columns from `start`, every `step`.
fn compare(frame: &CpuFrame, golden: &[f32], rows: usize, columns: usize, step: usize) -> (f64, f64) {
    let edge = (golden.len() / 4).isqrt();
    let (mut greatest, mut sum) = (0.0_f64, 0.0_f64);
    for (i, &expected) in golden.iter().enumerate() {
        let (channel, row, column) = (i / (edge * edge), i / edge % edge, i % edge);
        let at = (channel * frame.size + rows + row * step) * frame.size + columns + column * step;
        let difference = f64::from((frame.planes[at] - expected).abs());
        greatest = greatest.max(difference);
        sum += difference;
    }
    (greatest, sum / golden.len() as f64)
}

/// Converts the frame as the reference does and compares it with the reference's picture.
fn compare_pictures(frame: &CpuFrame, golden: &Path) {
    let expected = image::open(golden).expect("a golden picture").to_rgba8().into_raw();
    let mut pixels = vec![0; expected.len()];
    encode_reference(&frame.planes, &mut pixels);
    let off = pixels.iter().zip(&expected).filter(|(a, b)| a.abs_diff(**b) > 1).count();
    let share = off as f64 / expected.len() as f64;
    println!("{}: {:.4} % of the samples are more than a level off", golden.display(), 100.0 * share);
    assert!(share <= 1e-3, "{}: {off} samples are off", golden.display());
}

fn open(character: &Character, engine: EngineChoice) -> Option<Box<dyn Avatar>> {
    let options = OpenOptions::new(engine, View::new(512, Quality::Full));
    native::open(character, &options).map_or_else(|error| missing(Means::Gpu, error), Some)
}

fn draw(avatar: &mut dyn Avatar, pose: &Pose) -> Arc<CpuFrame> {
    assert!(avatar.set_pose(pose), "a student takes poses");
    let frame = avatar.draw(&mut FramePool::default()).expect("the engine draws");
    Reader::default().read(&frame).expect("the frame can be read")
}

/// Compares the golden poses that `wanted` selects.
fn compare_students(engine: EngineChoice, wanted: impl Fn(&Value) -> bool) {
    let Some(tha4) = shared("tha4") else { return };
    let golden = tha4.join("golden/student");
    let poses = std::fs::read_to_string(golden.join("poses.json")).expect("the goldens' poses");
    let poses: Value = serde_json::from_str(&poses).expect("JSON");
    for name in ["lambda_00", "lambda_01"] {
        let character = Character::open(&tha4.join("characters").join(name)).expect("a published character");
        let Some(mut avatar) = open(&character, engine) else { return };
        let of_character = |record: &&Value| record["character"] == name && wanted(record);
        let mut compared = 0;
        for record in poses["records"].as_array().expect("records").iter().filter(of_character) {
            let pose: Pose = serde_json::from_value(record["pose"].clone()).expect("45 numbers");
            let frame = draw(&mut *avatar, &pose);
            compare_pictures(&frame, &golden.join(record["png"].as_str().expect("a picture's name")));
            compared += 1;
            let Some(raw) = record["raw_dir"].as_str() else { continue };
            for (part, rows, columns, step) in [("stride4", 0, 0, 4), ("facecrop", 80, 192, 1)] {
                let expected = read_npy(&golden.join(raw).join(format!("blended_{part}.npy")));
                let (greatest, mean) = compare(&frame, &expected, rows, columns, step);
                println!("{raw} {part}: max {greatest:.2e}, mean {mean:.2e}");
                assert!(greatest <= 5e-3 && mean <= 1e-5, "{raw} {part}: max {greatest:.2e}, mean {mean:.2e}");
            }
        }
        assert!(compared > 0, "{name}: no golden picture");
    }
}

#[test]
fn published_students_match_the_golden_pictures_on_the_cpu() {
    compare_students(EngineChoice::Cpu, |_| true);
}

/// One pose per character: a software driver takes seconds for a frame.
#[test]
fn published_students_match_the_golden_pictures_on_the_gpu() {
    compare_students(EngineChoice::Gpu, |record| {
        record["raw_dir"].is_string() && record["name"].as_str().is_some_and(|name| name.starts_with("random_0"))
    });
}
