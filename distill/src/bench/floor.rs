//! What an example costs at least, in multiply-adds.

use bunraku::engine::{Detail, Quality, plan::Plan};
use bunraku_core::character::{CharacterModel, FACE_SIZE, IMAGE_SIZE};
use serde::Serialize;

/// A training step does the forward pass, and for each of its products one towards the weights and one towards the inputs.
const PASSES: f64 = 3.0;

/// Multiply-adds of one example, in thousand millions, after the exact rewrites of DESIGN §5.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Floor {
    /// Of one picture.
    pub forward_gmac: f64,
    /// Of one picture learnt from.
    pub step_gmac: f64,
}

/// The face student's.
pub fn face_floor(character: &CharacterModel) -> Floor {
    floor(FACE_SIZE * FACE_SIZE * Plan::new(character).face.multiply_adds())
}

/// The body student's, where a patch of `patch` pixels' edge is learnt from, or all.
pub fn body_floor(character: &CharacterModel, patch: Option<usize>) -> Floor {
    let plan = Plan::new(character);
    let whole = Detail::new(IMAGE_SIZE, Quality::Full);
    let share = patch.map_or(1.0, |patch| (patch as f64 / IMAGE_SIZE as f64).powi(2));
    let all = plan.multiply_adds(whole) - FACE_SIZE * FACE_SIZE * plan.face.multiply_adds();
    floor((share * all as f64) as usize)
}

fn floor(multiply_adds: usize) -> Floor {
    let forward_gmac = multiply_adds as f64 / 1e9;
    Floor { forward_gmac, step_gmac: PASSES * forward_gmac }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::character::sample::{STANDARD, character};

    #[test]
    fn the_published_students_are_as_dear_as_the_design_says() {
        let student = character(1, STANDARD);
        let (face, body) = (face_floor(&student), body_floor(&student, None));
        assert!((face.forward_gmac + body.forward_gmac - 13.82).abs() < 0.05, "{face:?} {body:?}");
        assert_eq!(body_floor(&student, Some(128)).step_gmac, body.step_gmac / 16.0);
    }
}
