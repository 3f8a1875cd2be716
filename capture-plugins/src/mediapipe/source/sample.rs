//! Converts a tracked face to a face sample.

use super::super::{BLENDSHAPE_NAMES, Face, detection::place_head};
use bunraku_core::sample::{Blendshape, Eyes, FaceSample};

/// Degrees by which an eye is turned at a score of 1. MediaPipe's scores are relative to an eye's reach; this is about
/// the reach of ARKit's eyes.
const EYE_REACH_DEG: f64 = 30.0;

/// The blendshape of each of the network's scores; `None` for `_neutral`.
pub(super) struct Shapes([Option<Blendshape>; BLENDSHAPE_NAMES.len()]);

impl Default for Shapes {
    fn default() -> Self {
        Self(BLENDSHAPE_NAMES.map(Blendshape::from_name))
    }
}

impl Shapes {
    /// Updates `sample` from `face`, except its time. Non-finite numbers and a head that cannot be placed keep their last
    /// values; returns how many did. Allocates nothing.
    pub(super) fn put(&self, face: &Face, sample: &mut FaceSample) -> usize {
        let mut skipped = 0;
        sample.tracked = true;
        for (shape, score) in self.0.iter().zip(face.blendshapes) {
            match shape {
                Some(shape) if score.is_finite() => sample[*shape] = f64::from(score),
                Some(_) => skipped += 1,
                None => {}
            }
        }
        sample.eyes = eyes(sample);
        let matrix = face.matrix.map(|rows| std::array::from_fn(|i| f64::from(rows[i / 4][i % 4])));
        let placed = matrix.filter(|matrix| matrix.iter().all(|value| value.is_finite()));
        skipped + usize::from(placed.is_none_or(|matrix| place_head(&matrix, sample).is_err()))
    }
}

/// The eyes' rotations from the look scores: about x down, about y to the subject's left, as for the head.
fn eyes(sample: &FaceSample) -> Eyes {
    use Blendshape as B;
    let turned = |down: B, up: B, left: B, right: B| {
        [sample[down] - sample[up], sample[left] - sample[right], 0.0].map(|part| part * EYE_REACH_DEG)
    };
    Eyes {
        left_deg: turned(B::EyeLookDownLeft, B::EyeLookUpLeft, B::EyeLookOutLeft, B::EyeLookInLeft),
        right_deg: turned(B::EyeLookDownRight, B::EyeLookUpRight, B::EyeLookInRight, B::EyeLookOutRight),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mediapipe::{
        PROFILE,
        detection::{Detection, DetectionError},
    };
    use bunraku_core::profile::{PoseMapper, ProfileSettings};

    fn face(name: &str, score: f32) -> Face {
        let rows = [[0.9, 0.1, 0.0, 1.0], [-0.1, 0.9, 0.2, 2.0], [0.0, -0.2, 0.9, -40.0], [0.0, 0.0, 0.0, 1.0]];
        let mut face = Face { matrix: Some(rows), ..Face::default() };
        let index = BLENDSHAPE_NAMES.iter().position(|known| *known == name).expect("a score of the network");
        face.blendshapes[index] = score;
        face
    }

    #[test]
    fn a_face_gives_the_same_pose_as_its_line_in_convert() -> Result<(), DetectionError> {
        let mapper = PoseMapper::new(PROFILE, ProfileSettings::default());
        for (index, name) in BLENDSHAPE_NAMES.iter().enumerate() {
            let face = face(name, 0.1 + index as f32 / 64.0);
            let mut sample = FaceSample::default();
            assert_eq!(Shapes::default().put(&face, &mut sample), 0);
            let scores = BLENDSHAPE_NAMES.iter().zip(face.blendshapes);
            let line = Detection {
                blendshapes: scores.map(|(name, score)| ((*name).to_owned(), f64::from(score))).collect(),
                matrix: face.matrix.map(|rows| std::array::from_fn(|i| f64::from(rows[i / 4][i % 4]))),
            };
            assert_eq!(mapper.map(&sample), mapper.map(&line.to_sample()?), "{name}");
        }
        Ok(())
    }

    #[test]
    fn non_finite_scores_and_a_missing_head_keep_their_last_value() {
        let (mut sample, shapes) = (FaceSample::default(), Shapes::default());
        shapes.put(&face("jawOpen", 0.5), &mut sample);
        let before = sample;
        let broken = Face { matrix: None, ..face("jawOpen", f32::NAN) };
        assert_eq!(shapes.put(&broken, &mut sample), 2);
        assert_eq!((sample.head, sample[Blendshape::JawOpen]), (before.head, 0.5));
    }

    #[test]
    fn both_eyes_turn_alike_when_looking_left() {
        let mut sample = FaceSample::default();
        sample[Blendshape::EyeLookOutLeft] = 0.5;
        sample[Blendshape::EyeLookInRight] = 0.5;
        let Eyes { left_deg, right_deg } = eyes(&sample);
        assert_eq!((left_deg, right_deg), ([0.0, 15.0, 0.0], [0.0, 15.0, 0.0]));
    }
}
