//! A character model: one picture and the two networks of its student, in THA4's folder layout.

mod architecture;
mod error;
mod folder;
mod image;
mod pickle;
#[cfg(test)]
mod published;
mod safetensors;
pub mod sample;
mod save;
mod settings;
mod shape;
mod torch;
mod torch_writer;
mod weights;

pub use architecture::{BodyMorpher, FaceMorpher, Linear};
pub use error::{CharacterError, Fault, Problem};
pub use image::PictureError;
pub use pickle::PickleError;
pub use save::SaveError;
pub use settings::{FileNames, SETTINGS_FILE, SettingsError};
pub use shape::ShapeError;
pub use weights::{Tensor, WEIGHTS_LIMIT, Weights, WeightsError};

/// Edge of the character's picture in pixels; the student's window and warp are defined on it.
pub const IMAGE_SIZE: usize = 512;

/// First row of the face window that the face morpher repaints, in the 512 picture (`core/spec/images.md`).
pub const FACE_ROW: usize = 80;

/// First column of the face window.
pub const FACE_COLUMN: usize = 192;

/// Edge of the face window in pixels.
pub const FACE_SIZE: usize = 128;

/// The character's picture as the networks see it: planar `[4, 512, 512]`, linear-light premultiplied RGB and alpha,
/// each mapped from [0, 1] to [-1, 1] (`core/spec/images.md`).
#[derive(Clone, Debug, PartialEq)]
pub struct CharacterImage {
    /// `4 * 512 * 512` values; channel, then row, then column.
    pub planes: Vec<f32>,
}

/// A character ready to be drawn: its picture and its student.
#[derive(Clone, Debug, PartialEq)]
pub struct CharacterModel {
    /// The name: the folder's.
    pub name: String,
    /// The picture.
    pub image: CharacterImage,
    /// Repaints the face.
    pub face: FaceMorpher,
    /// Moves the whole body.
    pub body: BodyMorpher,
}
