//! The character's picture: from PNG to the networks' planes.

use std::io::Cursor;

use image::{ExtendedColorType, ImageDecoder as _, codecs::png::PngDecoder};
use thiserror::Error;

use super::{CharacterImage, IMAGE_SIZE};
use crate::{color, picture_file};

/// Why a picture cannot be a character's.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PictureError {
    /// Not a PNG, or a damaged one.
    #[error("is not a PNG that can be read: {0}")]
    Png(#[from] image::ImageError),
    /// Another size.
    #[error("is {width} x {height} pixels, but a student's picture has {IMAGE_SIZE} x {IMAGE_SIZE}; scale or crop it")]
    Size {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// Another kind of pixel.
    #[error("has pixels of the kind {0}, but 8-bit RGBA is needed; the background must be transparent")]
    Pixels(String),
}

impl CharacterImage {
    /// Decodes a PNG of 512 x 512 RGBA pixels, 8 bits a channel, into planes.
    ///
    /// # Errors
    /// Everything about the picture that is wrong: its size, its kind of pixel; or that it is not a PNG.
    pub fn from_png(bytes: &[u8]) -> Result<Self, Vec<PictureError>> {
        let decoder = picture_file::decoder(Cursor::new(bytes)).map_err(|error| vec![error.into()])?;
        let problems = problems(&decoder);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut pixels = vec![0; 4 * IMAGE_SIZE * IMAGE_SIZE];
        decoder.read_image(&mut pixels).map_err(|error| vec![error.into()])?;
        Ok(Self { planes: color::planes_from_rgba8(&pixels) })
    }
}

fn problems(decoder: &PngDecoder<Cursor<&[u8]>>) -> Vec<PictureError> {
    let ((width, height), kind) = (decoder.dimensions(), decoder.original_color_type());
    let mut problems = Vec::new();
    if (width, height) != (IMAGE_SIZE as u32, IMAGE_SIZE as u32) {
        problems.push(PictureError::Size { width, height });
    }
    if kind != ExtendedColorType::Rgba8 {
        problems.push(PictureError::Pixels(kind_name(kind)));
    }
    problems
}

fn kind_name(kind: ExtendedColorType) -> String {
    match kind {
        ExtendedColorType::Unknown(_) => "palette".to_owned(),
        other => format!("{other:?}"),
    }
}
