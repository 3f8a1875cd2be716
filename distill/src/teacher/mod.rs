//! Teachers: a teacher poses one character's picture, slowly and well, for a student to learn from.

pub mod rig;
pub mod tha4;

use bunraku_core::character::CharacterImage;
use burn::tensor::{Tensor, backend::Backend};
use std::path::Path;

/// A teacher's output for a batch of `n` poses: everything that the losses of `distill/spec/distiller.md` compare.
///
/// Colours are linear, premultiplied, mapped from [0, 1] to [-1, 1]. Grid changes are in normalised units (the whole
/// picture is 2 wide), x before y, without resampling offset.
#[derive(Clone, Debug)]
pub struct Posed<B: Backend> {
    /// `[n, 4, 512, 512]`: the finished picture.
    pub posed: Tensor<B, 4>,
    /// `[n, 4, 512, 512]`: the picture with the face morphed, warped by `grid_change`.
    pub warped: Tensor<B, 4>,
    /// `[n, 2, 512, 512]`: where each pixel of `warped` is sampled, relative to itself.
    pub grid_change: Tensor<B, 4>,
    /// `[n, 1, 512, 512]`: how much of `posed` is painted rather than warped, in [0, 1].
    pub alpha: Tensor<B, 4>,
    /// `[n, 4, 512, 512]`: the resting picture with the face morphed, before warping.
    pub face_morphed_full: Tensor<B, 4>,
}

/// Poses one picture of a character. Everything that depends on the picture alone is computed once.
pub trait Teacher<B: Backend> {
    /// A description for logs and users: the kind, where the weights come from, and their SHA-256.
    fn describe(&self) -> String;

    /// The teacher's files by name, with the SHA-256 of each in hexadecimal digits: a moved file means the same
    /// teacher, a changed one another.
    fn identity(&self) -> Vec<(String, String)>;

    /// The whole character. `poses` is `[n, 45]`, in the order and ranges of `core/spec/pose-parameters.md`.
    fn pose(&mut self, poses: Tensor<B, 2>) -> Posed<B>;

    /// The face alone, `[n, 4, 128, 128]`: rows 80..208, columns 192..320 of [`Posed::face_morphed_full`], cheaper.
    ///
    /// `poses` is `[n, 45]`; only the first 39 parameters matter.
    fn face(&mut self, poses: Tensor<B, 2>) -> Tensor<B, 4>;
}

/// Why a teacher cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// THA4's weights cannot be used.
    #[error(transparent)]
    Tha4(#[from] tha4::TeacherError),
    /// Layered art cannot be rigged.
    #[error(transparent)]
    Rig(#[from] rig::RigError),
}

/// Whether a configuration's path names layered art rather than a folder of weights.
pub fn is_layered_art(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"))
}

/// Opens the teacher that a configuration names: an `.svg` file is layered art ([`rig`]), anything else is the folder
/// of THA4's weights ([`tha4`]). `image` is the picture to pose; layered art brings its own.
///
/// # Errors
/// [`OpenError`] with all problems.
pub fn open<B: Backend>(
    path: &Path,
    image: &CharacterImage,
    device: &B::Device,
) -> Result<Box<dyn Teacher<B>>, OpenError> {
    if is_layered_art(path) {
        return Ok(Box::new(rig::RigTeacher::open(path, device.clone())?));
    }
    let settings = tha4::Tha4Settings { folder: path.to_path_buf() };
    Ok(tha4::open(&settings, image, device)?)
}
