//! Scores students' pictures against their teacher's, pose by pose.

use super::{Evaluation, FaceScores, Scores, Tally, character_pixels, face_window, mask_pixels, ssim_map};
use bunraku_core::character::{FACE_SIZE, IMAGE_SIZE};
use std::collections::BTreeMap;

/// Accumulates the differences of pictures, given as plain slices from burn or an engine.
#[derive(Clone, Debug)]
pub struct Validator {
    face_window: Vec<bool>,
    /// The mask's pixels in the whole picture, and in the face window.
    mask: Option<(Vec<bool>, Vec<bool>)>,
    poses: usize,
    regions: BTreeMap<&'static str, Tally>,
    face: BTreeMap<&'static str, Tally>,
    body: BTreeMap<&'static str, Tally>,
}

pub(super) const WHOLE: &str = "whole";
pub(super) const FACE: &str = "face";
pub(super) const EYES_AND_MOUTH: &str = "eyes_and_mouth";

/// The output that is not a picture.
pub(super) const GRID_CHANGE: &str = "grid_change";

impl Validator {
    /// A validator without pictures yet. `mask` is the face mask's window, `[128, 128]`, above 0 at eyes and mouth.
    pub fn new(mask: Option<&[f32]>) -> Self {
        Self {
            face_window: face_window(),
            mask: mask.map(|mask| (mask_pixels(mask), mask.iter().map(|value| *value > 0.0).collect())),
            poses: 0,
            regions: BTreeMap::new(),
            face: BTreeMap::new(),
            body: BTreeMap::new(),
        }
    }

    /// Starts the next pose.
    pub fn next_pose(&mut self) {
        self.poses += 1;
    }

    /// Compares the finished character, `[4, 512, 512]` each.
    pub fn character(&mut self, truth: &[f32], drawn: &[f32]) {
        let seen = character_pixels(truth, drawn);
        let map = ssim_map(truth, drawn, IMAGE_SIZE);
        let within = |region: &[bool]| -> Vec<bool> { seen.iter().zip(region).map(|(a, b)| *a && *b).collect() };
        let marked = self.mask.as_ref().map(|(marked, _)| (EYES_AND_MOUTH, within(marked)));
        let regions = [(FACE, within(&self.face_window)), (WHOLE, seen)];
        for (name, counts) in regions.into_iter().chain(marked) {
            add(self.regions.entry(name).or_default(), truth, drawn, &map, &counts);
        }
    }

    /// Compares the face student's window, `[4, 128, 128]` each.
    pub fn face(&mut self, truth: &[f32], rendered: &[f32]) {
        let seen = character_pixels(truth, rendered);
        let map = ssim_map(truth, rendered, FACE_SIZE);
        if let Some((_, marked)) = &self.mask {
            let marked: Vec<bool> = seen.iter().zip(marked).map(|(a, b)| *a && *b).collect();
            add(self.face.entry(EYES_AND_MOUTH).or_default(), truth, rendered, &map, &marked);
        }
        add(self.face.entry(WHOLE).or_default(), truth, rendered, &map, &seen);
    }

    /// Compares one of the body student's pictures, `[4, 512, 512]` each.
    pub fn body_picture(&mut self, name: &'static str, truth: &[f32], rendered: &[f32]) {
        let seen = character_pixels(truth, rendered);
        let map = ssim_map(truth, rendered, IMAGE_SIZE);
        add(self.body.entry(name).or_default(), truth, rendered, &map, &seen);
    }

    /// Compares the body student's grid change, `[2, 512, 512]` each, over the pixels of the teacher's warped picture.
    pub fn grid_change(&mut self, truth: &[f32], found: &[f32], warped: &[f32]) {
        self.body.entry(GRID_CHANGE).or_default().add(truth, found, &character_pixels(warped, warped));
    }

    /// The scores so far.
    pub fn evaluation(&self) -> Evaluation {
        let scores = |tallies: &BTreeMap<&'static str, Tally>| -> BTreeMap<&'static str, Scores> {
            tallies.iter().map(|(name, tally)| (*name, tally.scores())).collect()
        };
        let (regions, face, mut body_morpher) = (scores(&self.regions), scores(&self.face), scores(&self.body));
        if let Some(grid) = body_morpher.get_mut(GRID_CHANGE) {
            grid.psnr_db = f64::NAN; // it has no peak
        }
        let whole = regions.get(WHOLE);
        Evaluation {
            poses: self.poses,
            l1: whole.map(|whole| whole.l1),
            psnr_db: whole.map(|whole| whole.psnr_db),
            psnr_face_db: regions.get(FACE).map(|face| face.psnr_db),
            ssim: whole.map(|whole| whole.ssim),
            face_morpher: face
                .get(WHOLE)
                .map(|whole| FaceScores { whole: *whole, eyes_and_mouth: face.get(EYES_AND_MOUTH).copied() }),
            regions,
            body_morpher,
            sweep_ratio: None,
            sweeps: BTreeMap::new(),
        }
    }
}

fn add(tally: &mut Tally, truth: &[f32], prediction: &[f32], map: &[f32], counts: &[bool]) {
    tally.add(truth, prediction, counts);
    tally.add_similarity(map, counts);
}
