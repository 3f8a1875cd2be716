//! Reads the face mask for the loss (`distill/spec/distiller.md`).

use bunraku_core::{
    character::{FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE},
    picture_file::{decode, decoder},
};
use image::ImageError;
use std::io::Cursor;

/// The red channel of a mask's face window, row by row: 128 x 128 values, 1 where errors weigh more, 0 elsewhere.
///
/// The mask must have passed [`check`](crate::check::check): 512 x 512, every channel 0 or 255.
///
/// # Errors
/// If it is not a PNG of that size.
pub fn face_mask(png: &[u8]) -> Result<Vec<f32>, ImageError> {
    let mask = decode(decoder(Cursor::new(png))?)?.into_rgb8();
    let edge = IMAGE_SIZE as u32;
    if mask.dimensions() != (edge, edge) {
        return Err(ImageError::Parameter(image::error::ParameterError::from_kind(
            image::error::ParameterErrorKind::DimensionMismatch,
        )));
    }
    let rows = FACE_ROW..FACE_ROW + FACE_SIZE;
    let red = |row, column| f32::from(mask.get_pixel(column as u32, row as u32)[0]) / 255.0;
    Ok(rows.flat_map(|row| (FACE_COLUMN..FACE_COLUMN + FACE_SIZE).map(move |column| red(row, column))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage};

    fn png(mask: &RgbImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        mask.write_to(&mut bytes, ImageFormat::Png).expect("encoded");
        bytes.into_inner()
    }

    #[test]
    fn only_red_marks_a_pixel() {
        let mut mask = RgbImage::new(512, 512);
        mask.put_pixel(192, 80, Rgb([255, 0, 0]));
        mask.put_pixel(319, 207, Rgb([255, 255, 255]));
        mask.put_pixel(193, 80, Rgb([0, 255, 255]));
        mask.put_pixel(191, 80, Rgb([255, 255, 255]));
        let window = face_mask(&png(&mask)).expect("a mask");
        assert_eq!((window.len(), window.iter().sum::<f32>()), (128 * 128, 2.0));
        assert_eq!((window[0], window[128 * 128 - 1]), (1.0, 1.0));
    }

    #[test]
    fn a_mask_of_another_size_is_refused() {
        assert!(face_mask(&png(&RgbImage::new(512, 511))).is_err());
        assert!(face_mask(b"junk").is_err());
    }
}
