//! The body morpher's objective (`distill/spec/distiller.md`).

use super::{Objective, PerceptualTerm, TargetBatch, Targets, numbers, part};
use crate::{
    backend::TrainingBackend,
    loss::{self, BodyTarget, BodyWeights, Loss},
    ops::Window,
    report::{BodySample, BodySheet},
    student::{BodyMorpher, BodyMorpherConfig, BodyOutput},
    teacher::Teacher,
};
use bunraku_core::character::{IMAGE_SIZE, Weights};
use burn::tensor::{Tensor, backend::Backend};
use image::RgbaImage;

/// The body's objective. Its targets are the resting picture with the teacher's face, the finished picture, the warped
/// one and the grid change.
#[derive(Clone, Debug)]
pub struct BodyObjective<B: Backend> {
    /// The network's shape.
    pub network: BodyMorpherConfig,
    /// The bound of a position's initial weights; see [`Init::new`](crate::student::Init::new).
    pub first_position: Option<f64>,
    /// The resting character's pixels, row by row, which are sampled more often; empty to sample all alike.
    pub character: Vec<u32>,
    /// An additional loss term.
    pub perceptual: Option<PerceptualTerm<B>>,
}

fn target<B: Backend>(targets: Targets<B>) -> BodyTarget<B> {
    let Ok([image, posed, warped, grid_change]) = <[_; 4]>::try_from(targets.0) else {
        unreachable!("a body has four targets")
    };
    BodyTarget { image, posed, warped, grid_change }
}

impl<B: TrainingBackend> Objective<B> for BodyObjective<B> {
    type Student = BodyMorpher<B>;
    type Losses = BodyWeights;

    const NAME: &'static str = "body_morpher";
    const EDGE: usize = IMAGE_SIZE;
    const LOG: &'static str = "full_";
    const SAMPLES: usize = BodySheet::SAMPLES;
    /// Three pictures of four channels, and a grid change of two.
    const KEPT: usize = (3 * 4 + 2) * IMAGE_SIZE * IMAGE_SIZE;

    fn features(&self) -> usize {
        let level = |(index, widths): (usize, &Vec<usize>)| {
            let edge = IMAGE_SIZE >> (self.network.widths.len() - 1 - index);
            widths.iter().sum::<usize>() * edge * edge
        };
        self.network.widths.iter().enumerate().map(level).sum()
    }

    fn begin(&self, seed: u64, device: &B::Device) -> BodyMorpher<B> {
        self.network.init(self.first_position, seed, device)
    }

    fn targets(
        &self,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        poses: Tensor<B::InnerBackend, 2>,
    ) -> Targets<B::InnerBackend> {
        let posed = teacher.pose(poses);
        Targets(vec![posed.face_morphed_full, posed.posed, posed.warped, posed.grid_change])
    }

    fn crop(&self, mut targets: Targets<B::InnerBackend>, window: Window) -> Targets<B::InnerBackend> {
        // The source picture stays whole: a pixel may be sampled from anywhere.
        for pictures in &mut targets.0[1..] {
            *pictures = part(pictures.clone(), window);
        }
        targets
    }

    fn focus(&self) -> Vec<u32> {
        self.character.clone()
    }

    fn loss(
        &self,
        student: &BodyMorpher<B>,
        poses: Tensor<B, 2>,
        targets: Targets<B>,
        losses: BodyWeights,
        window: Window,
    ) -> Loss<B> {
        let target = target(targets);
        // On their own, the original's terms are fused with their gradients if the backend can.
        let Some(term) = &self.perceptual else { return student.loss(poses, &target, losses, window) };
        let output = student.forward_window(target.image.clone(), poses, window);
        let rendered = output.blended.clone();
        let truth = target.posed.clone();
        term.beside(loss::body_terms(output.compared(), &target, losses), rendered, truth)
    }

    fn compare(
        &self,
        student: &BodyMorpher<B::InnerBackend>,
        poses: Tensor<B::InnerBackend, 2>,
        targets: &Targets<B::InnerBackend>,
    ) -> [Tensor<B::InnerBackend, 4>; 2] {
        [student.forward(targets.0[0].clone(), poses).blended, targets.0[1].clone()]
    }

    fn sheet(&self, student: &BodyMorpher<B::InnerBackend>, samples: &[TargetBatch<B::InnerBackend>]) -> RgbaImage {
        let mut sheet = BodySheet::new(samples.len());
        for (poses, targets) in samples {
            let [image, posed, _, truth_grid] = [0, 1, 2, 3].map(|index: usize| targets.0[index].clone());
            let BodyOutput { blended, warped, grid_change, color_change, alpha } =
                student.forward(image, poses.clone());
            sheet.push(&BodySample {
                truth_blended: &numbers(posed),
                blended: &numbers(blended),
                alpha: &numbers(alpha),
                color_change: &numbers(color_change),
                warped: &numbers(warped),
                truth_grid_change: &numbers(truth_grid),
                grid_change: &numbers(grid_change),
            });
        }
        sheet.into_image()
    }

    fn weights(&self, student: &BodyMorpher<B>) -> Weights {
        student.to_core().to_weights()
    }
}
