//! Writes a character model's folder.

use std::path::Path;

use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};
use thiserror::Error;

use super::{CharacterImage, CharacterModel, IMAGE_SIZE, SETTINGS_FILE, Weights, WeightsError, settings::FileNames};
use crate::{color, files};

/// Why a character model cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The file system refused.
    #[error("{path} cannot be written: {source}; check the folder's permissions and the disk's space")]
    Write {
        /// The file or folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The picture cannot be encoded.
    #[error("the picture cannot be encoded: {0}")]
    Picture(#[from] image::ImageError),
    /// The weights cannot be encoded.
    #[error("the weights cannot be encoded: {0}")]
    Weights(#[from] WeightsError),
}

impl CharacterImage {
    /// The picture as a PNG: 8-bit sRGB, straight alpha. A picture read from a PNG gives the same pixels, but those
    /// under zero alpha lose their colour.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn to_png(&self) -> Result<Vec<u8>, SaveError> {
        const EDGE: u32 = IMAGE_SIZE as u32;
        let (mut pixels, mut png) = (vec![0; self.planes.len()], Vec::new());
        color::encode_straight(&self.planes, &mut pixels);
        PngEncoder::new(&mut png).write_image(&pixels, EDGE, EDGE, ExtendedColorType::Rgba8)?;
        Ok(png)
    }
}

impl CharacterModel {
    /// Writes `character_model.yaml`, `character.png` and the two networks as `.safetensors` into `folder`, which is
    /// created where it is missing. Files of these names are replaced, each whole or not at all; the YAML comes last.
    ///
    /// # Errors
    /// [`SaveError`] when a file cannot be written or the model cannot be encoded.
    pub fn save(&self, folder: &Path) -> Result<(), SaveError> {
        self.save_with(folder, "safetensors", Weights::to_safetensors)
    }

    /// Like [`save`](Self::save), with `.pt` networks, which the original THA4 programs read too.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn save_torch(&self, folder: &Path) -> Result<(), SaveError> {
        self.save_with(folder, "pt", Weights::to_torch)
    }

    fn save_with(
        &self,
        folder: &Path,
        extension: &str,
        encode: impl Fn(&Weights) -> Result<Vec<u8>, WeightsError>,
    ) -> Result<(), SaveError> {
        let names = FileNames {
            image: "character.png".to_owned(),
            face: format!("face_morpher.{extension}"),
            body: format!("body_morpher.{extension}"),
        };
        let (image, face, body) =
            (self.image.to_png()?, encode(&self.face.to_weights())?, encode(&self.body.to_weights())?);
        std::fs::create_dir_all(folder).map_err(|source| refused(folder, source))?;
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            files::replace(&path, bytes).map_err(|source| refused(&path, source))
        };
        write(&names.image, &image)?;
        write(&names.face, &face)?;
        write(&names.body, &body)?;
        write(SETTINGS_FILE, names.to_yaml().as_bytes())
    }
}

fn refused(path: &Path, source: std::io::Error) -> SaveError {
    SaveError::Write { path: path.display().to_string(), source }
}
