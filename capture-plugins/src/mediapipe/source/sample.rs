//! A tracked face as a face sample.

use super::super::{BLENDSHAPE_NAMES, Face};
use bunraku_core::{
    profile::mediapipe::place_head,
    sample::{Blendshape, Eyes, FaceSample},
};

/// Degrees that an eye has turned at a score of 1. MediaPipe says how much of its way an eye has gone, not how far that
/// is; ARKit's eyes turn about so far.
const EYE_REACH_DEG: f64 = 30.0;

/// Which blendshape each of the network's scores is; none for `_neutral`.
pub(super) struct Shapes([Option<Blendshape>; BLENDSHAPE_NAMES.len()]);

impl Default for Shapes {
    fn default() -> Self {
        Self(BLENDSHAPE_NAMES.map(Blendshape::from_name))
    }
}

impl Shapes {
    /// Puts `face` into `sample`, whose time is left as it is. A head that the landmarks do not hold, and what is not a
    /// finite number, keeps its last value; how many numbers did is returned. Allocates nothing.
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

/// How the eyes are turned, from how far they look each way: about x down, about y to the subject's left, as the head.
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
    use bunraku_core::profile::{
        PoseMapper, Profile, ProfileSettings,
        mediapipe::{Detection, DetectionError},
    };

    fn face(name: &str, score: f32) -> Face {
        let rows = [[0.9, 0.1, 0.0, 1.0], [-0.1, 0.9, 0.2, 2.0], [0.0, -0.2, 0.9, -40.0], [0.0, 0.0, 0.0, 1.0]];
        let mut face = Face { matrix: Some(rows), ..Face::default() };
        let index = BLENDSHAPE_NAMES.iter().position(|known| *known == name).expect("a score of the network");
        face.blendshapes[index] = score;
        face
    }

    #[test]
    fn a_face_makes_the_pose_that_its_line_does_in_convert() -> Result<(), DetectionError> {
        let mapper = PoseMapper::new(Profile::MediaPipe, ProfileSettings::default());
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
    fn what_is_no_number_and_a_head_that_is_not_there_keep_their_last_value() {
        let (mut sample, shapes) = (FaceSample::default(), Shapes::default());
        shapes.put(&face("jawOpen", 0.5), &mut sample);
        let before = sample;
        let broken = Face { matrix: None, ..face("jawOpen", f32::NAN) };
        assert_eq!(shapes.put(&broken, &mut sample), 2);
        assert_eq!((sample.head, sample[Blendshape::JawOpen]), (before.head, 0.5));
    }

    #[test]
    fn eyes_that_look_to_the_subjects_left_turn_alike() {
        let mut sample = FaceSample::default();
        sample[Blendshape::EyeLookOutLeft] = 0.5;
        sample[Blendshape::EyeLookInRight] = 0.5;
        let Eyes { left_deg, right_deg } = eyes(&sample);
        assert_eq!((left_deg, right_deg), ([0.0, 15.0, 0.0], [0.0, 15.0, 0.0]));
    }
}
