//! PNG files from outside, decoded within bounds.
//!
//! A small file may claim a huge picture, or hold a colour profile that inflates without limit.

use image::{
    DynamicImage, ImageDecoder as _, ImageError, ImageResult, Limits,
    codecs::png::PngDecoder,
    error::{LimitError, LimitErrorKind},
};
use std::{
    fs::File,
    io::{BufRead, BufReader, Seek},
    path::Path,
};

/// Most bytes of a file's metadata; a longer colour profile is ignored.
const ASIDE_LIMIT: u64 = 16 << 20;

/// The greatest width and height of a picture in pixels.
pub const LARGEST_EDGE: u32 = 8192;

/// A decoder that has read a PNG up to its pixels, with at most 16 MiB of memory whatever the file says. The picture may
/// still have any size.
///
/// # Errors
/// It is not a PNG, or a damaged one.
pub fn decoder<R: BufRead + Seek>(png: R) -> ImageResult<PngDecoder<R>> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(ASIDE_LIMIT);
    PngDecoder::with_limits(png, limits)
}

/// The pixels.
///
/// # Errors
/// A picture wider or higher than [`LARGEST_EDGE`], or a damaged one.
pub fn decode<R: BufRead + Seek>(decoder: PngDecoder<R>) -> ImageResult<DynamicImage> {
    let (width, height) = decoder.dimensions();
    if width.max(height) > LARGEST_EDGE {
        return Err(ImageError::Limits(LimitError::from_kind(LimitErrorKind::DimensionError)));
    }
    DynamicImage::from_decoder(decoder)
}

/// Reads the picture in the file at `path`.
///
/// # Errors
/// The file cannot be read, or as for [`decoder`] and [`decode`].
pub fn open(path: &Path) -> ImageResult<DynamicImage> {
    decode(decoder(BufReader::new(File::open(path)?))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};
    use std::io::Cursor;

    fn with_profile(length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        encoder.set_icc_profile(vec![0; length]).expect("PNG has profiles");
        encoder.write_image(&[1, 2, 3, 4], 1, 1, ExtendedColorType::Rgba8).expect("encoded");
        bytes
    }

    #[test]
    fn a_profile_that_inflates_without_end_is_left_out_and_the_pixels_are_read() {
        let bytes = with_profile(64 << 20);
        assert!(bytes.len() < 1 << 20, "{} bytes", bytes.len());
        let mut bomb = decoder(Cursor::new(bytes.as_slice())).expect("a PNG");
        assert_eq!(bomb.icc_profile().expect("asked").map(|profile| profile.len()), None);
        assert_eq!(decode(bomb).expect("read").into_rgba8().into_raw(), [1, 2, 3, 4]);
        let small = with_profile(1000);
        let mut small = decoder(Cursor::new(small.as_slice())).expect("a PNG");
        assert_eq!(small.icc_profile().expect("asked").map(|profile| profile.len()), Some(1000));
    }

    #[test]
    fn a_picture_too_wide_is_refused() {
        let wide = image::GrayImage::new(LARGEST_EDGE + 1, 1);
        let mut bytes = Cursor::new(Vec::new());
        wide.write_to(&mut bytes, image::ImageFormat::Png).expect("encoded");
        bytes.set_position(0);
        let error = decode(decoder(bytes).expect("a PNG")).expect_err("too wide");
        assert!(matches!(error, ImageError::Limits(_)), "{error}");
    }
}
