//! The least work that an example takes, in multiply-adds.

use bunraku_core::character::{CharacterModel, FACE_SIZE, IMAGE_SIZE};
use bunraku_engine::{Quality, View, student::Plan};
use serde::Serialize;

/// A training step does the forward pass, and for each of its products one for the weights' gradient and one for the
/// inputs'.
const PASSES: f64 = 3.0;

/// Multiply-adds of one example, in thousand millions, after the exact rewrites of `core/spec/student.md`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Floor {
    /// For rendering one example: a whole picture, or a patch of one.
    pub forward_gmac: f64,
    /// For a training step on one example.
    pub step_gmac: f64,
}

/// The face student's, for examples of this share of a picture.
pub fn face_floor(character: &CharacterModel, share: f64) -> Floor {
    floor(FACE_SIZE * FACE_SIZE * Plan::new(character).face.multiply_adds(), share)
}

/// The body student's, for examples of this share of a picture.
pub fn body_floor(character: &CharacterModel, share: f64) -> Floor {
    let plan = Plan::new(character);
    let whole = View::new(IMAGE_SIZE, Quality::Full);
    floor(plan.multiply_adds(whole) - FACE_SIZE * FACE_SIZE * plan.face.multiply_adds(), share)
}

fn floor(multiply_adds: usize, share: f64) -> Floor {
    let forward_gmac = share * multiply_adds as f64 / 1e9;
    Floor { forward_gmac, step_gmac: PASSES * forward_gmac }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::character::sample::{STANDARD, character};

    #[test]
    fn the_published_students_take_the_work_that_is_stated() {
        let student = character(1, STANDARD);
        let (face, body) = (face_floor(&student, 1.0), body_floor(&student, 1.0));
        assert!((face.forward_gmac + body.forward_gmac - 13.82).abs() < 0.05, "{face:?} {body:?}");
        assert_eq!(body_floor(&student, 1.0 / 16.0).step_gmac, body.step_gmac / 16.0);
        assert_eq!(face_floor(&student, 0.25).step_gmac, face.step_gmac / 4.0);
    }
}
