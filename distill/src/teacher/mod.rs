//! What a student learns from: a teacher poses one character's picture, slowly and well.

pub mod rig;
pub mod tha4;

use bunraku_core::character::CharacterImage;
use burn::tensor::{Tensor, backend::Backend};
use std::path::Path;

/// What a teacher shows for a batch of `n` poses: all that the losses of `distill/spec/distiller.md` compare with.
///
/// Colours are linear, premultiplied, mapped from [0, 1] to [-1, 1]. Grid changes are in normalised units (the whole
/// picture is 2 wide), x before y, without resampling offset.
#[derive(Clone, Debug)]
pub struct Posed<B: Backend> {
    /// `[n, 4, 512, 512]`: the finished picture.
    pub posed: Tensor<B, 4>,
    /// `[n, 4, 512, 512]`: the picture with the face morphed, moved by `grid_change`.
    pub warped: Tensor<B, 4>,
    /// `[n, 2, 512, 512]`: where each pixel of `warped` is taken from, relative to itself.
    pub grid_change: Tensor<B, 4>,
    /// `[n, 1, 512, 512]`: how much of `posed` is painted rather than moved, in [0, 1].
    pub alpha: Tensor<B, 4>,
    /// `[n, 4, 512, 512]`: the resting picture with the face morphed, before anything is moved.
    pub face_morphed_full: Tensor<B, 4>,
}

/// Poses one picture of a character. Built for that picture: what depends on it alone is computed once.
pub trait Teacher<B: Backend> {
    /// Who teaches, for logs and people: kind, where its weights come from, their SHA-256.
    fn describe(&self) -> String;

    /// What is taught from, by name, with the SHA-256 of each in hexadecimal digits: files by their content and not by
    /// where they are, so that a file that was moved is the same teacher's and one that was changed is another's.
    fn identity(&self) -> Vec<(String, String)>;

    /// The whole character. `poses` is `[n, 45]`, in the order and ranges of `core/spec/pose-parameters.md`.
    fn pose(&mut self, poses: Tensor<B, 2>) -> Posed<B>;

    /// The face alone, `[n, 4, 128, 128]`: rows 80..208, columns 192..320 of [`Posed::face_morphed_full`], cheaper.
    ///
    /// `poses` is `[n, 45]`; only the first 39 parameters matter.
    fn face(&mut self, poses: Tensor<B, 2>) -> Tensor<B, 4>;
}

/// Why there is nobody to learn from.
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

/// Whether this path of a configuration names layered art rather than a folder of weights.
pub fn is_layered_art(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"))
}

/// Opens the teacher that a configuration names: a file `.svg` is layered art ([`rig`]), anything else is the folder of
/// THA4's weights ([`tha4`]). `image` is the picture that is posed; layered art brings its own.
///
/// # Errors
/// [`OpenError`] with everything that is wrong.
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
