//! The published students against the reference's raw outputs (`core/spec/goldens.md`), from the reference data.

use super::context;
use crate::{Detail, Frame, Quality, StudentEngine as _, gpu::GpuEngine};
use bunraku_core::{
    character::{CharacterModel, FACE_COLUMN, FACE_ROW, FACE_SIZE},
    pose::Pose,
};
use bunraku_test_support::shared;
use std::path::Path;

/// A little-endian float32 `.npy` of version 1.
fn npy(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert!(String::from_utf8_lossy(&bytes[..header]).contains("'<f4', 'fortran_order': False"));
    bytes[header..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Some rows and columns of a frame, all channels.
fn crop(frame: &Frame, rows: &[usize], columns: &[usize]) -> Vec<f32> {
    let row = |channel: usize, row: usize| &frame.planes[(channel * frame.size + row) * frame.size..];
    let lines = (0..4).flat_map(|channel| rows.iter().map(move |&y| row(channel, y)));
    lines.flat_map(|line| columns.iter().map(|&x| line[x])).collect()
}

/// A software driver takes seconds a frame: one pose a character.
#[test]
fn published_students_match() {
    let (Some(tha4), Some(context)) = (shared("tha4"), context()) else { return };
    let text = std::fs::read_to_string(tha4.join("golden/student/poses.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
    let records = golden["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["raw_dir"].is_string() && record["name"].as_str().unwrap().starts_with("random_0"));
    let mut compared = 0;
    for record in records {
        let folder = tha4.join("characters").join(record["character"].as_str().unwrap());
        let character = CharacterModel::load(&folder).unwrap();
        let mut engine = GpuEngine::new(context, &character, Detail::new(512, Quality::Full)).unwrap();
        let pose: Vec<f32> = serde_json::from_value(record["pose"].clone()).unwrap();
        let mut frame = Frame::default();
        engine.render(&Pose(pose.try_into().unwrap()), &mut frame).unwrap();
        let raw = tha4.join("golden/student").join(record["raw_dir"].as_str().unwrap());
        let every_fourth: Vec<_> = (0..512).step_by(4).collect();
        let rows: Vec<_> = (FACE_ROW..FACE_ROW + FACE_SIZE).collect();
        let columns: Vec<_> = (FACE_COLUMN..FACE_COLUMN + FACE_SIZE).collect();
        for (name, actual) in [
            ("blended_stride4.npy", crop(&frame, &every_fourth, &every_fourth)),
            ("blended_facecrop.npy", crop(&frame, &rows, &columns)),
        ] {
            let mean = super::assert_close(&actual, &npy(&raw.join(name)), 5e-3);
            assert!(mean <= 1e-5, "{name}: off by {mean} on average");
            compared += 1;
        }
    }
    assert!(compared >= 2, "no golden picture was compared");
}
