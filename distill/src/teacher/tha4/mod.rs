//! THA4's full system as a teacher: five networks that pose a picture (`spec/THA4.md` §8).

mod architecture;
mod body;
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

use bunraku_core::character::CharacterImage;
use burn::tensor::{Tensor, backend::Backend};

pub use architecture::Module;
pub use body::Morphed;
pub use face::{Combined, Decomposed, FaceMorphed};
#[cfg(test)]
pub(crate) use formula::unit as formula_values;
pub use pipeline::{FaceOutputs, Outputs};
pub use weights::{Origin, TeacherError, WeightsFault, WeightsProblem};

use super::{Posed, Teacher};
use pipeline::Pipeline;
use tensors::TensorLayers;

/// How THA4's teacher is had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tha4Settings {
    /// The folder with the original's five files, `eyebrow_decomposer.pt` and so on.
    pub folder: PathBuf,
}

impl Default for Tha4Settings {
    /// Where the original has them: `data/tha4` in the working folder.
    fn default() -> Self {
        Self { folder: PathBuf::from("data/tha4") }
    }
}

/// Reads the published weights, or without them makes those of the formula, and gets ready for one picture.
///
/// # Errors
/// [`TeacherError`] when only some of the files are there, or with everything that is wrong with them.
pub fn open<B: Backend>(
    settings: &Tha4Settings,
    image: &CharacterImage,
    device: &B::Device,
) -> Result<Box<dyn Teacher<B>>, TeacherError> {
    Ok(Box::new(Tha4::<B>::open(settings, image, device)?))
}

/// The full system on a burn backend.
pub struct Tha4<B: Backend> {
    pipeline: Pipeline<TensorLayers<B>>,
    origin: Origin,
}

impl<B: Backend> Tha4<B> {
    /// See [`open`].
    ///
    /// # Errors
    /// As [`open`].
    pub fn open(settings: &Tha4Settings, image: &CharacterImage, device: &B::Device) -> Result<Self, TeacherError> {
        let (modules, origin) = weights::load(&settings.folder, |_, weights| TensorLayers::new(weights, device))?;
        let Ok(modules) = <[_; 5]>::try_from(modules) else { unreachable!("a module for each of five") };
        Ok(Self { pipeline: Pipeline::new(modules, image), origin })
    }

    /// Everything the five networks show for poses `[n, 45]`.
    pub fn outputs(&self, poses: &Tensor<B, 2>) -> Outputs<Tensor<B, 4>> {
        self.pipeline.run(poses, poses.dims()[0])
    }
}

impl<B: Backend> Teacher<B> for Tha4<B> {
    fn describe(&self) -> String {
        format!("THA4's full system, {}", self.origin)
    }

    fn pose(&mut self, poses: Tensor<B, 2>) -> Posed<B> {
        let Outputs { upscaler, face_morphed_full, .. } = self.outputs(&poses);
        let Morphed { merged: posed, alpha, warped, grid_change, .. } = upscaler;
        Posed { posed, warped, grid_change, alpha, face_morphed_full }
    }

    fn face(&mut self, poses: Tensor<B, 2>) -> Tensor<B, 4> {
        let face = self.pipeline.face(&poses, poses.dims()[0]).face_morpher.output_image;
        layers::FeatureMap::crop(&face, 48..176, 32..160)
    }
}
