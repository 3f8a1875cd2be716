//! The result of an evaluation.

use super::{Scores, SweepRatio};
use serde::Serialize;
use std::collections::BTreeMap;

/// The result of an evaluation. The first five values compare the character as `bunraku render` draws it with the
/// teacher's picture, over the character's pixels; all but `poses` need both students.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// The number of poses compared.
    pub poses: usize,
    /// For the whole character; see [`Scores::l1`].
    pub l1: Option<f64>,
    /// See [`Scores::psnr_db`].
    pub psnr_db: Option<f64>,
    /// The same within the face window.
    pub psnr_face_db: Option<f64>,
    /// See [`Scores::ssim`].
    pub ssim: Option<f64>,
    /// The character by region: `whole`, `face` and, with a mask, `eyes_and_mouth`.
    pub regions: BTreeMap<&'static str, Scores>,
    /// The face student on its own.
    pub face_morpher: Option<FaceScores>,
    /// The body student's outputs, given the teacher's face as in training: `blended`, `warped`, `grid_change` and
    /// `color_change`; the last is compared with the teacher's finished picture. The grid change only has an L1, in
    /// normalised units.
    pub body_morpher: BTreeMap<&'static str, Scores>,
    /// The worst of `sweeps`, if they were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep_ratio: Option<f64>,
    /// The character's changes between neighbouring poses as multiples of the teacher's, by parameter.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sweeps: BTreeMap<&'static str, SweepRatio>,
}

impl Evaluation {
    /// Adds the sweeps.
    #[must_use]
    pub fn with_sweeps(self, sweeps: BTreeMap<&'static str, SweepRatio>) -> Self {
        let sweep_ratio = sweeps.values().map(SweepRatio::worst).reduce(f64::max);
        Self { sweep_ratio, sweeps, ..self }
    }
}

/// The face student's scores over its window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FaceScores {
    /// The whole window.
    pub whole: Scores,
    /// The pixels in the mask; `None` without a mask.
    pub eyes_and_mouth: Option<Scores>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Validator;

    #[test]
    fn the_sweep_ratio_is_the_worst_of_all_sweeps() {
        let sweeps = [("head_x", SweepRatio { mean: 1.1, peak: 0.9 }), ("neck_z", SweepRatio { mean: 0.8, peak: 1.4 })];
        let evaluation = Evaluation::default().with_sweeps(sweeps.into());
        assert_eq!(evaluation.sweep_ratio, Some(1.4));
        assert_eq!(Evaluation::default().with_sweeps(BTreeMap::new()).sweep_ratio, None);
    }

    #[test]
    fn json_starts_with_the_documented_fields() {
        let json = serde_json::to_string(&Validator::new(None).evaluation()).expect("written");
        assert!(!json.contains("sweep"), "{json}");
        assert!(json.starts_with(r#"{"poses":0,"l1":null,"psnr_db":null,"psnr_face_db":null,"ssim":null,"#), "{json}");
    }
}
