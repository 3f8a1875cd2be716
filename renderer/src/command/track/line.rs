//! A picture's faces as a line of JSON.

use bunraku_capture::mediapipe::Face;
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct Line<'a> {
    frame: &'a str,
    time_ms: u64,
    faces: Vec<FaceEntry<'a>>,
}

#[derive(Serialize)]
struct FaceEntry<'a> {
    landmarks: &'a [[f32; 3]],
    blendshapes: &'a [f32],
    /// Rows, one after another; null where the landmarks hold no head.
    matrix: Option<Vec<f32>>,
}

/// Writes the line of a picture.
pub(super) fn write(out: &mut impl Write, frame: &str, time_ms: u64, faces: &[Face]) -> io::Result<()> {
    let faces = faces.iter().map(|face| FaceEntry {
        landmarks: &face.landmarks,
        blendshapes: &face.blendshapes,
        matrix: face.matrix.map(|rows| rows.concat()),
    });
    bunraku_cli::write_json_line(out, &Line { frame, time_ms, faces: faces.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_the_contract_says() {
        let mut face = Face { matrix: Some([[1.0, 0.0, 0.0, 2.5]; 4]), ..Face::default() };
        face.landmarks[1] = [0.25, 0.5, -0.125];
        face.blendshapes[25] = 0.75;
        let mut text = Vec::new();
        write(&mut text, "a \"b\".png", 66, &[face]).expect("written");
        write(&mut text, "none.png", 99, &[]).expect("written");
        let lines: Vec<serde_json::Value> =
            text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let [found, none] = &lines[..] else { panic!("two lines") };
        assert_eq!((&found["frame"], &found["time_ms"]), (&"a \"b\".png".into(), &66.into()));
        let entry = &found["faces"][0];
        assert_eq!(entry["landmarks"].as_array().map(Vec::len), Some(478));
        assert_eq!(entry["landmarks"][1], serde_json::json!([0.25, 0.5, -0.125]));
        assert_eq!(entry["blendshapes"].as_array().map(Vec::len), Some(52));
        assert_eq!((&entry["blendshapes"][25], &entry["matrix"][7]), (&0.75.into(), &2.5.into()));
        assert_eq!(entry["matrix"].as_array().map(Vec::len), Some(16));
        assert_eq!(none["faces"], serde_json::json!([]));
    }
}
