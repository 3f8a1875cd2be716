//! Compares students with their teacher, pose by pose.

use super::{
    Scores, Students, SweepRatio, Tally, character_pixels, face_window, mask_pixels,
    side_by_side::{engine, host},
    ssim_map,
};
use crate::{
    ops::StudentOps,
    student::{BodyMorpher, BodyOutput, FaceMorpher},
    teacher::{Posed, Teacher},
};
use bunraku_core::{
    character::{CharacterImage, FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE},
    pose::{POSE_LEN, Pose},
};
use bunraku_engine::{CpuFrame, EngineError, student::cpu::CpuEngine};
use burn::tensor::{Tensor, TensorData, backend::Backend};
use serde::Serialize;
use std::collections::BTreeMap;
use thiserror::Error;

/// Why students cannot be judged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The renderer cannot draw them.
    #[error("cannot draw the character: {0}")]
    Engine(#[from] EngineError),
}

/// The result. The first five values are the character as `bunraku render` draws it beside the teacher's picture, over
/// the character's pixels; they are there when both students are.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// How many poses were compared.
    pub poses: usize,
    /// Of the whole character; see [`Scores::l1`].
    pub l1: Option<f64>,
    /// See [`Scores::psnr_db`].
    pub psnr_db: Option<f64>,
    /// The same within the face window.
    pub psnr_face_db: Option<f64>,
    /// See [`Scores::ssim`].
    pub ssim: Option<f64>,
    /// The character by region: `whole`, `face` and, with a mask, `eyes_and_mouth`.
    pub regions: BTreeMap<&'static str, Scores>,
    /// The face student alone.
    pub face_morpher: Option<FaceScores>,
    /// The body student's outputs, given the teacher's face as in training: `blended`, `warped`, `grid_change` and
    /// `color_change`, the last beside the teacher's finished picture. The grid change has an L1 alone, in normalised
    /// units.
    pub body_morpher: BTreeMap<&'static str, Scores>,
    /// Where sweeps were asked for: the worst of `sweeps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep_ratio: Option<f64>,
    /// How much the character changes between neighbouring poses, in the teacher's changes, by parameter.
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
    /// The window.
    pub whole: Scores,
    /// What the mask marks; none without a mask.
    pub eyes_and_mouth: Option<Scores>,
}

/// Takes pictures, on plain slices, and adds up how far they are apart. Whoever paints them, burn or an engine.
#[derive(Clone, Debug)]
pub struct Validator {
    face_window: Vec<bool>,
    /// In the whole picture and in the face window.
    mask: Option<(Vec<bool>, Vec<bool>)>,
    poses: usize,
    regions: BTreeMap<&'static str, Tally>,
    face: BTreeMap<&'static str, Tally>,
    body: BTreeMap<&'static str, Tally>,
}

const WHOLE: &str = "whole";
const FACE: &str = "face";
const EYES_AND_MOUTH: &str = "eyes_and_mouth";

/// The output that is no picture.
const GRID_CHANGE: &str = "grid_change";

impl Validator {
    /// Nothing compared yet. `mask` is the face mask's window, `[128, 128]`: where it is above 0 are eyes and mouth.
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

    /// Another pose follows.
    pub fn next_pose(&mut self) {
        self.poses += 1;
    }

    /// The finished character, `[4, 512, 512]` each.
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

    /// The face student's window, `[4, 128, 128]` each.
    pub fn face(&mut self, truth: &[f32], rendered: &[f32]) {
        let seen = character_pixels(truth, rendered);
        let map = ssim_map(truth, rendered, FACE_SIZE);
        if let Some((_, marked)) = &self.mask {
            let marked: Vec<bool> = seen.iter().zip(marked).map(|(a, b)| *a && *b).collect();
            add(self.face.entry(EYES_AND_MOUTH).or_default(), truth, rendered, &map, &marked);
        }
        add(self.face.entry(WHOLE).or_default(), truth, rendered, &map, &seen);
    }

    /// One of the body student's pictures, `[4, 512, 512]` each.
    pub fn body_picture(&mut self, name: &'static str, truth: &[f32], rendered: &[f32]) {
        let seen = character_pixels(truth, rendered);
        let map = ssim_map(truth, rendered, IMAGE_SIZE);
        add(self.body.entry(name).or_default(), truth, rendered, &map, &seen);
    }

    /// The body student's grid change, `[2, 512, 512]` each, over the pixels of the teacher's moved picture.
    pub fn grid_change(&mut self, truth: &[f32], found: &[f32], warped: &[f32]) {
        self.body.entry(GRID_CHANGE).or_default().add(truth, found, &character_pixels(warped, warped));
    }

    /// The result so far.
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

/// Judges `students` on `poses` against a teacher of the same picture. `progress` is called after each pose; judging ends
/// early when it returns false.
///
/// # Errors
/// The renderer cannot draw them.
pub fn evaluate<B: StudentOps>(
    students: &Students,
    image: &CharacterImage,
    teacher: &mut dyn Teacher<B>,
    mask: Option<&[f32]>,
    poses: &[Pose],
    device: &B::Device,
    mut progress: impl FnMut() -> bool,
) -> Result<Evaluation, EvalError> {
    let mut models = Models::<B>::new(students, image, device)?;
    let mut validator = Validator::new(mask);
    for pose in poses {
        validator.next_pose();
        models.compare(pose, teacher, &mut validator);
        if !progress() {
            break;
        }
    }
    Ok(validator.evaluation())
}

/// The students, ready to paint.
struct Models<'a, B: Backend> {
    face: Option<FaceMorpher<B>>,
    body: Option<BodyMorpher<B>>,
    engine: Option<CpuEngine>,
    frame: CpuFrame,
    device: &'a B::Device,
}

impl<'a, B: StudentOps> Models<'a, B> {
    fn new(students: &Students, image: &CharacterImage, device: &'a B::Device) -> Result<Self, EvalError> {
        Ok(Self {
            face: students.face.as_ref().map(|face| FaceMorpher::from_core(face, device)),
            body: students.body.as_ref().map(|body| BodyMorpher::from_core(body, device)),
            engine: engine(students, image)?,
            frame: CpuFrame::default(),
            device,
        })
    }

    fn compare(&mut self, pose: &Pose, teacher: &mut dyn Teacher<B>, validator: &mut Validator) {
        let poses = Tensor::from_data(TensorData::new(pose.0.to_vec(), [1, POSE_LEN]), self.device);
        let Posed { posed, warped, grid_change, face_morphed_full, .. } = teacher.pose(poses.clone());
        let truth = host(posed);
        if let Some(engine) = &mut self.engine {
            engine.render(pose, &mut self.frame);
            validator.character(&truth, &self.frame.planes);
        }
        if let Some(face) = &self.face {
            let window = [0..1, 0..4, FACE_ROW..FACE_ROW + FACE_SIZE, FACE_COLUMN..FACE_COLUMN + FACE_SIZE];
            validator.face(&host(face_morphed_full.clone().slice(window)), &host(face.forward(poses.clone())));
        }
        if let Some(body) = &self.body {
            let output = body.forward(face_morphed_full, poses);
            body_outputs(validator, &truth, &host(warped), &host(grid_change), output);
        }
    }
}

fn body_outputs<B: Backend>(
    validator: &mut Validator,
    truth: &[f32],
    warped: &[f32],
    grid_change: &[f32],
    output: BodyOutput<B>,
) {
    validator.body_picture("blended", truth, &host(output.blended));
    validator.body_picture("warped", warped, &host(output.warped));
    validator.body_picture("color_change", truth, &host(output.color_change));
    validator.grid_change(grid_change, &host(output.grid_change), warped);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Cpu;
    use bunraku_core::character::{CharacterModel, sample::tiny_character};
    use burn_flex::FlexDevice;

    /// Shows what a student would paint.
    struct SourceImages {
        image: Tensor<Cpu, 4>,
        face: FaceMorpher<Cpu>,
        body: BodyMorpher<Cpu>,
    }

    impl Teacher<Cpu> for SourceImages {
        fn describe(&self) -> String {
            "a student".to_owned()
        }

        fn identity(&self) -> Vec<(String, String)> {
            Vec::new()
        }

        fn pose(&mut self, poses: Tensor<Cpu, 2>) -> Posed<Cpu> {
            let window = [0..1, 0..4, FACE_ROW..FACE_ROW + FACE_SIZE, FACE_COLUMN..FACE_COLUMN + FACE_SIZE];
            let face_morphed_full = self.image.clone().slice_assign(window, self.face(poses.clone()));
            let BodyOutput { blended, warped, grid_change, alpha, .. } =
                self.body.forward(face_morphed_full.clone(), poses);
            Posed { posed: blended, warped, grid_change, alpha, face_morphed_full }
        }

        fn face(&mut self, poses: Tensor<Cpu, 2>) -> Tensor<Cpu, 4> {
            self.face.forward(poses)
        }
    }

    fn source_images(character: &CharacterModel) -> SourceImages {
        let planes = TensorData::new(character.image.planes.clone(), [1, 4, IMAGE_SIZE, IMAGE_SIZE]);
        SourceImages {
            image: Tensor::from_data(planes, &FlexDevice),
            face: FaceMorpher::from_core(&character.face, &FlexDevice),
            body: BodyMorpher::from_core(&character.body, &FlexDevice),
        }
    }

    fn judged(students: &Students, teacher: &CharacterModel, mask: Option<&[f32]>) -> Evaluation {
        let poses = [bunraku_engine::measure::pose(1), bunraku_engine::measure::pose(8)];
        evaluate(students, &teacher.image, &mut source_images(teacher), mask, &poses, &FlexDevice, || true)
            .expect("drawn")
    }

    #[test]
    fn a_student_that_paints_as_its_teacher_is_found_to() {
        let character = tiny_character(5);
        let students = Students::of_character(&character, "here".as_ref());
        let mask: Vec<f32> = (0..FACE_SIZE * FACE_SIZE).map(|i| f32::from(i % FACE_SIZE < 40)).collect();
        let found = judged(&students, &character, Some(&mask));
        assert_eq!(found.poses, 2);
        assert!(found.l1.is_some_and(|l1| l1 < 1e-4) && found.ssim.is_some_and(|ssim| ssim > 0.999), "{found:?}");
        assert!(found.psnr_db.is_some_and(|psnr| psnr > 60.0) && found.psnr_face_db.is_some(), "{found:?}");
        assert_eq!(found.regions.keys().copied().collect::<Vec<_>>(), [EYES_AND_MOUTH, FACE, WHOLE]);
        assert!(found.face_morpher.is_some_and(|face| face.whole.l1 == 0.0 && face.eyes_and_mouth.is_some()));
        for name in ["blended", "warped", GRID_CHANGE] {
            assert_eq!(found.body_morpher[name].l1, 0.0, "{name}");
        }
    }

    #[test]
    fn another_student_is_worse_and_a_missing_one_is_left_out() {
        let (character, other) = (tiny_character(5), tiny_character(6));
        let mut students = Students::of_character(&other, "there".as_ref());
        let found = judged(&students, &character, None);
        assert!(found.l1.is_some_and(|l1| l1 > 1e-2) && found.body_morpher["blended"].l1 > 1e-2, "{found:?}");
        assert!(!found.regions.contains_key(EYES_AND_MOUTH));
        students.body = None;
        let found = judged(&students, &character, None);
        assert!(found.l1.is_none() && found.regions.is_empty() && found.body_morpher.is_empty());
        assert!(found.face_morpher.is_some_and(|face| face.whole.l1 > 1e-2));
    }

    #[test]
    fn the_worst_sweep_stands_for_all() {
        let sweeps = [("head_x", SweepRatio { mean: 1.1, peak: 0.9 }), ("neck_z", SweepRatio { mean: 0.8, peak: 1.4 })];
        let evaluation = Evaluation::default().with_sweeps(sweeps.into());
        assert_eq!(evaluation.sweep_ratio, Some(1.4));
        assert_eq!(Evaluation::default().with_sweeps(BTreeMap::new()).sweep_ratio, None);
    }

    #[test]
    fn json_begins_with_what_scripts_look_for() {
        let json = serde_json::to_string(&Validator::new(None).evaluation()).expect("written");
        assert!(!json.contains("sweep"), "{json}");
        assert!(json.starts_with(r#"{"poses":0,"l1":null,"psnr_db":null,"psnr_face_db":null,"ssim":null,"#), "{json}");
    }
}
