//! The face morpher's objective (`distill/spec/distiller.md`).

use super::{Objective, PerceptualTerm, TargetBatch, Targets, numbers, part};
use crate::{
    backend::TrainingBackend,
    loss::{self, FaceTarget, FaceWeights, Loss},
    ops::Window,
    report::{FACE_SAMPLES, FaceSample, face_sheet},
    student::{FaceMorpher, FaceMorpherConfig},
    teacher::Teacher,
};
use bunraku_core::character::{FACE_SIZE, Weights};
use burn::tensor::{Tensor, TensorData, backend::Backend};
use image::RgbaImage;

/// The face's objective. Its target is the face, `[n, 4, 128, 128]`.
#[derive(Clone, Debug)]
pub struct FaceObjective<B: Backend> {
    /// The network's shape.
    pub network: FaceMorpherConfig,
    /// The bound of a position's initial weights; see [`Init::new`](crate::student::Init::new).
    pub first_position: Option<f64>,
    /// The face mask: 128 x 128 values of the face window, 0 to 1; errors weigh more where it is set.
    pub mask: Vec<f32>,
    /// An additional loss term.
    pub perceptual: Option<PerceptualTerm<B>>,
}

impl<B: Backend> FaceObjective<B> {
    fn target(&self, targets: Targets<B>, window: Window) -> FaceTarget<B> {
        let Ok([face]) = <[_; 1]>::try_from(targets.0) else { unreachable!("a face has one target") };
        let mask = TensorData::new(self.mask.clone(), [1, 1, FACE_SIZE, FACE_SIZE]);
        FaceTarget { mask: part(Tensor::from_data(mask, &face.device()), window), face }
    }
}

impl<B: TrainingBackend> Objective<B> for FaceObjective<B> {
    type Student = FaceMorpher<B>;
    type Losses = FaceWeights;

    const NAME: &'static str = "face_morpher";
    const EDGE: usize = FACE_SIZE;
    const LOG: &'static str = "";
    const SAMPLES: usize = FACE_SAMPLES;
    const KEPT: usize = 4 * FACE_SIZE * FACE_SIZE;

    fn features(&self) -> usize {
        self.network.widths.iter().sum::<usize>() * FACE_SIZE * FACE_SIZE
    }

    fn begin(&self, seed: u64, device: &B::Device) -> FaceMorpher<B> {
        self.network.init(self.first_position, seed, device)
    }

    fn targets(
        &self,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        poses: Tensor<B::InnerBackend, 2>,
    ) -> Targets<B::InnerBackend> {
        Targets(vec![teacher.face(poses)])
    }

    fn crop(&self, targets: Targets<B::InnerBackend>, window: Window) -> Targets<B::InnerBackend> {
        Targets(targets.0.into_iter().map(|pictures| part(pictures, window)).collect())
    }

    fn focus(&self) -> Vec<u32> {
        (0..).zip(&self.mask).filter(|(_, mask)| **mask > 0.0).map(|(pixel, _)| pixel).collect()
    }

    fn loss(
        &self,
        student: &FaceMorpher<B>,
        poses: Tensor<B, 2>,
        targets: Targets<B>,
        losses: FaceWeights,
        window: Window,
    ) -> Loss<B> {
        let target = self.target(targets, window);
        // On their own, the original's terms are fused with their gradients if the backend can.
        let Some(term) = &self.perceptual else { return student.loss(poses, &target, losses, window) };
        let face = student.forward_window(poses, window);
        let truth = target.face.clone();
        term.beside(loss::face_terms(face.clone(), target, losses), face, truth)
    }

    fn compare(
        &self,
        student: &FaceMorpher<B::InnerBackend>,
        poses: Tensor<B::InnerBackend, 2>,
        targets: &Targets<B::InnerBackend>,
    ) -> [Tensor<B::InnerBackend, 4>; 2] {
        [student.forward(poses), targets.0[0].clone()]
    }

    fn sheet(&self, student: &FaceMorpher<B::InnerBackend>, samples: &[TargetBatch<B::InnerBackend>]) -> RgbaImage {
        let faces =
            samples.iter().map(|(poses, targets)| [targets.0[0].clone(), student.forward(poses.clone())].map(numbers));
        let faces: Vec<[Vec<f32>; 2]> = faces.collect();
        let samples: Vec<FaceSample<'_>> =
            faces.iter().map(|[truth, prediction]| FaceSample { truth, prediction }).collect();
        face_sheet(&samples)
    }

    fn weights(&self, student: &FaceMorpher<B>) -> Weights {
        student.to_core().to_weights()
    }
}
