//! Renders teacher and student side by side, in the same poses.

use super::Students;
use crate::teacher::Teacher;
use bunraku_core::{
    character::{CharacterImage, CharacterModel, IMAGE_SIZE},
    pose::{POSE_LEN, Pose},
};
use bunraku_engine::{CpuFrame, EngineError, Quality, View, student::cpu::CpuEngine};
use burn::tensor::{Tensor, TensorData, backend::Backend};
use thiserror::Error;

/// Why students cannot be evaluated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The renderer cannot draw them.
    #[error("cannot draw the character: {0}")]
    Engine(#[from] EngineError),
}

/// A teacher, and the character as `bunraku render` draws it from both students.
pub struct SideBySide<'a, B: Backend> {
    teacher: &'a mut dyn Teacher<B>,
    engine: CpuEngine,
    frame: CpuFrame,
    truth: Vec<f32>,
    device: &'a B::Device,
}

impl<'a, B: Backend> SideBySide<'a, B> {
    /// Both, ready to draw; `None` if one of the students is missing.
    ///
    /// # Errors
    /// If the renderer cannot draw the students.
    pub fn new(
        students: &Students,
        image: &CharacterImage,
        teacher: &'a mut dyn Teacher<B>,
        device: &'a B::Device,
    ) -> Result<Option<Self>, EvalError> {
        let Some(engine) = engine(students, image)? else { return Ok(None) };
        Ok(Some(Self { teacher, engine, frame: CpuFrame::default(), truth: Vec::new(), device }))
    }

    /// The character in a pose, `[4, 512, 512]` each: the teacher's picture, then the student's.
    pub fn draw(&mut self, pose: &Pose) -> [&[f32]; 2] {
        self.engine.render(pose, &mut self.frame);
        let poses = Tensor::from_data(TensorData::new(pose.0.to_vec(), [1, POSE_LEN]), self.device);
        self.truth = host(self.teacher.pose(poses).posed);
        [&self.truth, &self.frame.planes]
    }
}

/// The renderer's engine for both students; `None` if one is missing.
pub(super) fn engine(students: &Students, image: &CharacterImage) -> Result<Option<CpuEngine>, EvalError> {
    let (Some(face), Some(body)) = (&students.face, &students.body) else { return Ok(None) };
    let (face, body, image) = (face.clone(), body.clone(), image.clone());
    let character = CharacterModel { name: String::new(), image, face, body };
    Ok(Some(CpuEngine::new(&character, View::new(IMAGE_SIZE, Quality::Full), 0)?))
}

/// A tensor's values on the host.
pub(super) fn host<B: Backend>(tensor: Tensor<B, 4>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
