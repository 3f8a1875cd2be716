//! THA4's full system as a teacher: five networks that pose a picture (`distill/spec/teacher.md`).

mod architecture;
mod body;
mod cpu;
mod encoder_decoder;
mod face;
mod formula;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod goldens;
mod layers;
mod pipeline;
mod tensors;
mod u_net;
mod weights;

use std::path::PathBuf;

use bunraku_core::character::{CharacterImage, Weights};
use burn::tensor::{Tensor, TensorData, backend::Backend};

pub use architecture::Module;
pub use body::Morphed;
pub use face::{Combined, Decomposed, FaceMorphed};
#[cfg(test)]
pub(crate) use formula::unit as formula_values;
pub use pipeline::{FaceOutputs, Outputs};
pub use weights::{Origin, TeacherError, WeightsFault, WeightsProblem, examine};

use super::{Posed, Teacher};
use cpu::{CpuLayers, Engine};
use layers::{FeatureMap, Layers};
use pipeline::Pipeline;
use tensors::TensorLayers;

/// The settings of THA4's teacher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tha4Settings {
    /// The folder with the original's five files, `eyebrow_decomposer.pt` and so on.
    pub folder: PathBuf,
}

/// Reads the published weights, or makes formula weights without them, and prepares for one picture.
///
/// # Errors
/// [`TeacherError`] if only some of the files are there, or with all of their problems.
pub fn open<B: Backend>(
    settings: &Tha4Settings,
    image: &CharacterImage,
    device: &B::Device,
) -> Result<Box<dyn Teacher<B>>, TeacherError> {
    Ok(Box::new(Tha4::<B>::open(settings, image, device)?))
}

/// The full system.
pub struct Tha4<B: Backend> {
    pipeline: AnyPipeline<B>,
    origin: Origin,
    device: B::Device,
}

/// The pipeline with the fastest layers for a device.
enum AnyPipeline<B: Backend> {
    /// Layers for any burn backend.
    Tensors(Box<Pipeline<TensorLayers<B>>>),
    /// Layers for the CPU.
    Processor(Box<Pipeline<CpuLayers>>),
}

impl<B: Backend> Tha4<B> {
    /// See [`open`].
    ///
    /// # Errors
    /// As [`open`].
    pub fn open(settings: &Tha4Settings, image: &CharacterImage, device: &B::Device) -> Result<Self, TeacherError> {
        let (pipeline, origin) = if B::name(device).contains("flex") {
            let engine = Engine::new();
            let layers = |module, weights| processor_layers(module, weights, &engine);
            let (pipeline, origin) = pipeline(settings, image, layers)?;
            (AnyPipeline::Processor(Box::new(pipeline)), origin)
        } else {
            let (pipeline, origin) = pipeline(settings, image, |_, weights| TensorLayers::new(weights, device))?;
            (AnyPipeline::Tensors(Box::new(pipeline)), origin)
        };
        Ok(Self { pipeline, origin, device: device.clone() })
    }
}

/// A module's layers on the CPU. The decomposer runs once a picture, and the norms of the later networks amplify its
/// rounding errors a thousand times more than the last network's, so its sums are exact.
fn processor_layers(module: Module, weights: Weights, engine: &Engine) -> CpuLayers {
    let layers = CpuLayers::new(weights, engine);
    if module == Module::EyebrowDecomposer { layers.exactly() } else { layers }
}

fn pipeline<L: Layers>(
    settings: &Tha4Settings,
    image: &CharacterImage,
    layers: impl Fn(Module, Weights) -> L,
) -> Result<(Pipeline<L>, Origin), TeacherError> {
    let (modules, origin) = weights::load(&settings.folder, layers)?;
    let Ok(modules) = <[_; 5]>::try_from(modules) else { unreachable!("a module for each of five") };
    Ok((Pipeline::new(modules, image), origin))
}

impl<B: Backend> Teacher<B> for Tha4<B> {
    fn describe(&self) -> String {
        format!("THA4's full system, {}", self.origin)
    }

    fn identity(&self) -> Vec<(String, String)> {
        self.origin.identity()
    }

    fn pose(&mut self, poses: Tensor<B, 2>) -> Posed<B> {
        match &self.pipeline {
            AnyPipeline::Tensors(pipeline) => {
                let Outputs { upscaler, face_morphed_full, .. } = pipeline.run(&poses, poses.dims()[0]);
                let Morphed { merged: posed, alpha, warped, grid_change, .. } = upscaler;
                Posed { posed, warped, grid_change, alpha, face_morphed_full }
            }
            AnyPipeline::Processor(pipeline) => {
                let shown = self.one_by_one(poses, |pose| {
                    let Outputs { upscaler, face_morphed_full, .. } = pipeline.run(pose, 1);
                    vec![upscaler.merged, upscaler.warped, upscaler.grid_change, upscaler.alpha, face_morphed_full]
                });
                let Ok([posed, warped, grid_change, alpha, face_morphed_full]) =
                    <[_; 5]>::try_from(shown.collect::<Vec<_>>())
                else {
                    unreachable!("five pictures for a pose, and there is a pose")
                };
                Posed { posed, warped, grid_change, alpha, face_morphed_full }
            }
        }
    }

    fn face(&mut self, poses: Tensor<B, 2>) -> Tensor<B, 4> {
        match &self.pipeline {
            AnyPipeline::Tensors(pipeline) => student_face(&pipeline.face(&poses, poses.dims()[0])),
            AnyPipeline::Processor(pipeline) => {
                Tensor::cat(self.one_by_one(poses, |pose| vec![student_face(&pipeline.face(pose, 1))]).collect(), 0)
            }
        }
    }
}

/// Crops the face morpher's output to the student's face window (`core/spec/images.md`).
fn student_face<M: FeatureMap>(face: &FaceOutputs<M>) -> M {
    face.face_morpher.output_image.crop(48..176, 32..160)
}

impl<B: Backend> Tha4<B> {
    /// Runs the CPU pipeline for each pose and collects its pictures in batches.
    fn one_by_one(
        &self,
        poses: Tensor<B, 2>,
        show: impl Fn(&Vec<f32>) -> Vec<cpu::Map>,
    ) -> impl Iterator<Item = Tensor<B, 4>> {
        let [n, parameters] = poses.dims();
        let poses = poses.into_data().convert::<f32>().into_vec::<f32>().unwrap_or_default();
        let mut batches = Vec::<(Vec<f32>, [usize; 4])>::new();
        for pose in poses.chunks_exact(parameters) {
            for (index, map) in show(&pose.to_vec()).into_iter().enumerate() {
                let (planes, [height, width]) = (map.planes(), map.size());
                let shape = [n, planes.len() / (height * width), height, width];
                match batches.get_mut(index) {
                    Some((values, _)) => values.extend(planes),
                    None => batches.push((planes, shape)),
                }
            }
        }
        batches.into_iter().map(|(values, shape)| Tensor::from_data(TensorData::new(values, shape), &self.device))
    }
}
