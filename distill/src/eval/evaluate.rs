//! Evaluates students on poses against their teacher.

use super::{
    EvalError, Evaluation, Students, Validator,
    side_by_side::{engine, host},
};
use crate::{
    ops::StudentOps,
    student::{BodyMorpher, BodyOutput, FaceMorpher},
    teacher::{Posed, Teacher},
};
use bunraku_core::{
    character::{CharacterImage, FACE_COLUMN, FACE_ROW, FACE_SIZE},
    pose::{POSE_LEN, Pose},
};
use bunraku_engine::{CpuFrame, student::cpu::CpuEngine};
use burn::tensor::{Tensor, TensorData, backend::Backend};

/// Evaluates `students` on `poses` against a teacher of the same picture. `progress` is called after each pose; it stops
/// the evaluation by returning false.
///
/// # Errors
/// If the renderer cannot draw the students.
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

/// The students, ready to draw.
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
    use crate::eval::validator::{EYES_AND_MOUTH, FACE, GRID_CHANGE, WHOLE};
    use bunraku_core::character::{CharacterModel, IMAGE_SIZE, sample::tiny_character};
    use burn_flex::FlexDevice;

    /// A teacher that shows what a student would draw.
    struct StudentTeacher {
        image: Tensor<Cpu, 4>,
        face: FaceMorpher<Cpu>,
        body: BodyMorpher<Cpu>,
    }

    impl Teacher<Cpu> for StudentTeacher {
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

    fn student_teacher(character: &CharacterModel) -> StudentTeacher {
        let planes = TensorData::new(character.image.planes.clone(), [1, 4, IMAGE_SIZE, IMAGE_SIZE]);
        StudentTeacher {
            image: Tensor::from_data(planes, &FlexDevice),
            face: FaceMorpher::from_core(&character.face, &FlexDevice),
            body: BodyMorpher::from_core(&character.body, &FlexDevice),
        }
    }

    fn evaluated(students: &Students, teacher: &CharacterModel, mask: Option<&[f32]>) -> Evaluation {
        let poses = [bunraku_engine::measure::pose(1), bunraku_engine::measure::pose(8)];
        evaluate(students, &teacher.image, &mut student_teacher(teacher), mask, &poses, &FlexDevice, || true)
            .expect("drawn")
    }

    #[test]
    fn a_student_equal_to_its_teacher_has_no_error() {
        let character = tiny_character(5);
        let students = Students::of_character(&character, "here".as_ref());
        let mask: Vec<f32> = (0..FACE_SIZE * FACE_SIZE).map(|i| f32::from(i % FACE_SIZE < 40)).collect();
        let found = evaluated(&students, &character, Some(&mask));
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
    fn another_student_scores_worse_and_a_missing_one_is_left_out() {
        let (character, other) = (tiny_character(5), tiny_character(6));
        let mut students = Students::of_character(&other, "there".as_ref());
        let found = evaluated(&students, &character, None);
        assert!(found.l1.is_some_and(|l1| l1 > 1e-2) && found.body_morpher["blended"].l1 > 1e-2, "{found:?}");
        assert!(!found.regions.contains_key(EYES_AND_MOUTH));
        students.body = None;
        let found = evaluated(&students, &character, None);
        assert!(found.l1.is_none() && found.regions.is_empty() && found.body_morpher.is_empty());
        assert!(found.face_morpher.is_some_and(|face| face.whole.l1 > 1e-2));
    }
}
