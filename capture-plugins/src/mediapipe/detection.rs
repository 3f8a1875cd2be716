//! The profile of `MediaPipe`'s samples (`core/spec/face-to-pose.md`), and its own output as lines of JSON for `convert`.

use crate::LineFormat;
use bunraku_core::{
    profile::Profile,
    rotation::Rotation,
    sample::{Blendshape, FaceSample},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How samples from `MediaPipe` become poses.
pub const PROFILE: Profile = Profile { name: "mediapipe", inverted_frown_guard: false, head_offsets: true };

/// The lines of `convert`: one detection each.
pub(super) const LINES: LineFormat =
    LineFormat { about: r#"detections, {"blendshapes": {…}, "matrix": [16]}"#, parse };

fn parse(line: &[u8]) -> Result<FaceSample, String> {
    let detection: Detection = serde_json::from_slice(line).map_err(|error| {
        format!("not a detection, {{\"blendshapes\": {{name: score}}, \"matrix\": [16 numbers]}}: {error}")
    })?;
    detection.to_sample().map_err(|error| error.to_string())
}

/// A result of the face landmarker: `{"blendshapes": {name: score}, "matrix": [16 numbers, row-major]}`.
///
/// Parts may be absent: scores are then 0, and the head is as in the canonical face. An object with only other fields is
/// not a detection.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Detection {
    /// Scores by name. Names that `ARKit` lacks (`_neutral`) are ignored.
    pub blendshapes: BTreeMap<String, f64>,
    /// The facial transformation matrix, row-major: from the canonical face to the camera, in centimetres, for column
    /// vectors.
    pub matrix: Option<[f64; 16]>,
}

impl TryFrom<Map<String, Value>> for Detection {
    type Error = String;

    fn try_from(mut object: Map<String, Value>) -> Result<Self, String> {
        let (blendshapes, matrix) = (object.remove("blendshapes"), object.remove("matrix"));
        if blendshapes.is_none() && matrix.is_none() && !object.is_empty() {
            return Err("it has neither `blendshapes` nor `matrix`".to_owned());
        }
        Ok(Self { blendshapes: part("blendshapes", blendshapes)?, matrix: part("matrix", matrix)? })
    }
}

fn part<T: DeserializeOwned + Default>(name: &str, value: Option<Value>) -> Result<T, String> {
    let read = value.map(serde_json::from_value).transpose().map_err(|error| format!("`{name}`: {error}"))?;
    Ok(read.unwrap_or_default())
}

/// Why a detection is not a face sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetectionError {
    /// The upper-left 3 x 3 of the matrix is a reflection or singular.
    #[error("the matrix holds no rotation: the determinant of its upper-left 3 x 3 must be positive")]
    NoRotation,
}

impl Detection {
    /// Converts to a face sample, tracked, at time 0. The head's angles are those of the rotation nearest to the matrix.
    ///
    /// # Errors
    /// The matrix holds no rotation.
    pub fn to_sample(&self) -> Result<FaceSample, DetectionError> {
        let mut sample = FaceSample { tracked: true, ..FaceSample::default() };
        for (name, &score) in &self.blendshapes {
            if let Some(shape) = Blendshape::from_name(name) {
                sample[shape] = score;
            }
        }
        if let Some(matrix) = &self.matrix {
            place_head(matrix, &mut sample)?;
        }
        Ok(sample)
    }
}

/// Sets the head from a row-major 4 x 4 facial transformation matrix.
///
/// # Errors
/// The matrix holds no rotation; the sample is then unchanged.
pub fn place_head(matrix: &[f64; 16], sample: &mut FaceSample) -> Result<(), DetectionError> {
    let row = |i: usize| [matrix[4 * i], matrix[4 * i + 1], matrix[4 * i + 2]];
    let rotation = Rotation::nearest([row(0), row(1), row(2)]).ok_or(DetectionError::NoRotation)?;
    sample.head.rotation_deg = rotation.to_euler_deg();
    sample.head.translation_cm = [matrix[3], matrix[7], matrix[11]];
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_quarter_turn_is_a_quarter_turn() {
        let line = r#"{"blendshapes": {"jawOpen": 0.5, "_neutral": 0.1},
            "matrix": [0, -2, 0, 1,  2, 0, 0, 3,  0, 0, 2, -40,  0, 0, 0, 1]}"#;
        let detection: Detection = serde_json::from_str(line).expect("a detection");
        let sample = detection.to_sample().expect("a rotation");
        assert!((sample.head.rotation_deg[2] - 90.0).abs() < 1e-9);
        assert_eq!(sample.head.translation_cm, [1.0, 3.0, -40.0]);
        assert_eq!(sample[Blendshape::JawOpen], 0.5);
        assert!(sample.tracked);
    }

    #[test]
    fn other_json_is_refused() {
        for line in [r#"[{"jawOpen": 0.5}]"#, r#"{"jawOpen": 0.5}"#, r#"{"matrix": [1]}"#] {
            serde_json::from_str::<Detection>(line).expect_err(line);
        }
        serde_json::from_str::<Detection>(r#"{"blendshapes": {}, "more": 1}"#).expect("an unknown part is ignored");
    }

    #[test]
    fn absent_parts_give_a_neutral_face() {
        let sample = Detection::default().to_sample().expect("nothing to refuse");
        assert_eq!(sample, FaceSample { tracked: true, ..FaceSample::default() });
    }

    #[test]
    fn a_matrix_without_a_rotation_is_refused() {
        let detection = Detection { matrix: Some([0.0; 16]), ..Detection::default() };
        assert_eq!(detection.to_sample(), Err(DetectionError::NoRotation));
    }
}
