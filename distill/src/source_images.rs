//! A character's resting picture and face mask, read from two files or drawn from layered art.

use crate::{
    config::DistillerConfig,
    examples::face_mask,
    files::{PICTURE_LIMIT, read, reason},
    teacher::rig::{Portrait, Rig, RigError},
};
use bunraku_core::{
    character::{CharacterImage, PictureError},
    files::ReadError,
};
use image::ImageError;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A character's picture and face mask, as files and decoded.
#[derive(Clone, Debug)]
pub struct SourceImages {
    /// The picture, a PNG file.
    pub picture: Vec<u8>,
    /// The same, decoded.
    pub image: CharacterImage,
    /// The face mask, a PNG file.
    pub mask_file: Vec<u8>,
    /// The same, as [`face_mask`] gives it.
    pub mask: Vec<f32>,
}

/// Why picture or mask are not available.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceImagesError {
    /// A file cannot be read.
    #[error("{}: {}", path.display(), reason(source))]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: ReadError,
    },
    /// Not a character's picture.
    #[error("{}: {}", path.display(), problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Picture {
        /// The file, or the art it is drawn from.
        path: PathBuf,
        /// At least one.
        problems: Vec<PictureError>,
    },
    /// Not a face mask.
    #[error("the face mask {}: {source}", path.display())]
    Mask {
        /// The file, or the art it is drawn from.
        path: PathBuf,
        /// Why.
        source: ImageError,
    },
    /// Layered art that cannot be drawn.
    #[error(transparent)]
    Art(#[from] RigError),
    /// A drawn picture cannot be encoded.
    #[error("cannot encode the drawn picture: {0}")]
    Encode(#[from] ImageError),
}

impl SourceImages {
    /// Reads the files that a configuration names, and draws the others from its layered art.
    ///
    /// # Errors
    /// [`SourceImagesError`].
    pub fn open(config: &DistillerConfig) -> Result<Self, SourceImagesError> {
        let given = [&config.character_image, &config.face_mask];
        let drawn = if given.contains(&&None) { portrait(config)? } else { Portrait::default() };
        let picture = given[0].as_deref().map_or(Ok(drawn.picture), file)?;
        let mask_file = given[1].as_deref().map_or(Ok(drawn.mask), file)?;
        Ok(Self { image: image(config, &picture)?, mask: mask(config, &mask_file)?, picture, mask_file })
    }

    /// The picture alone.
    ///
    /// # Errors
    /// [`SourceImagesError`].
    pub fn image(config: &DistillerConfig) -> Result<CharacterImage, SourceImagesError> {
        let drawn = || Ok(portrait(config)?.picture);
        image(config, &config.character_image.as_deref().map_or_else(drawn, file)?)
    }

    /// The face mask alone, as [`face_mask`] gives it.
    ///
    /// # Errors
    /// [`SourceImagesError`].
    pub fn mask(config: &DistillerConfig) -> Result<Vec<f32>, SourceImagesError> {
        let drawn = || Ok(portrait(config)?.mask);
        mask(config, &config.face_mask.as_deref().map_or_else(drawn, file)?)
    }
}

fn portrait(config: &DistillerConfig) -> Result<Portrait, SourceImagesError> {
    Ok(Rig::open(&config.teacher)?.portrait()?)
}

fn file(path: &Path) -> Result<Vec<u8>, SourceImagesError> {
    read(path, PICTURE_LIMIT).map_err(|source| SourceImagesError::Read { path: path.to_owned(), source })
}

/// The picture in a PNG file's bytes.
fn image(config: &DistillerConfig, png: &[u8]) -> Result<CharacterImage, SourceImagesError> {
    let path = || config.character_image.clone().unwrap_or_else(|| config.teacher.clone());
    CharacterImage::from_png(png).map_err(|problems| SourceImagesError::Picture { path: path(), problems })
}

/// The face mask in a PNG file's bytes.
fn mask(config: &DistillerConfig, png: &[u8]) -> Result<Vec<f32>, SourceImagesError> {
    let path = || config.face_mask.clone().unwrap_or_else(|| config.teacher.clone());
    face_mask(png).map_err(|source| SourceImagesError::Mask { path: path(), source })
}
