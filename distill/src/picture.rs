//! Checks a character's picture and face mask before training (`distill/spec/distiller.md`).

use bunraku_core::{
    character::{CharacterImage, FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE, PictureError},
    picture_file::{decode, decoder},
};
use image::{DynamicImage, ExtendedColorType, ImageDecoder as _, ImageError, RgbImage};
use std::io::Cursor;
use thiserror::Error;

const EDGE: u32 = IMAGE_SIZE as u32;

/// A problem with a picture or mask; only a warning unless [`Flaw::is_fatal`].
#[derive(Debug, Error)]
pub(crate) enum Flaw {
    #[error(transparent)]
    Picture(#[from] PictureError),
    #[error("is opaque everywhere; the background must be transparent")]
    Opaque,
    #[error("is not a readable PNG: {0}")]
    Mask(#[from] ImageError),
    #[error("is {width} x {height} pixels; a face mask must be {EDGE} x {EDGE}, like the picture")]
    MaskSize { width: u32, height: u32 },
    #[error("has {0} pixels; a face mask must be 8-bit RGB, without transparency")]
    MaskKind(String),
    #[error("{count} pixels have a channel that is neither 0 nor 255; the first is {value:?} at column {x}, row {y}")]
    MaskGrey { count: usize, value: [u8; 3], x: u32, y: u32 },
    #[error("has pixels that are neither black nor white; only their red channel counts")]
    MaskColoured,
    #[error(
        "marks nothing in the face window (columns {FACE_COLUMN} to {}, rows {FACE_ROW} to {}), so nothing weighs more",
        FACE_COLUMN + FACE_SIZE - 1, FACE_ROW + FACE_SIZE - 1
    )]
    MaskEmpty,
}

impl Flaw {
    /// Whether it makes training impossible.
    pub(crate) fn is_fatal(&self) -> bool {
        !matches!(self, Self::MaskColoured | Self::MaskEmpty)
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Picture(_) => "export the picture as an 8-bit RGBA PNG of 512 x 512 pixels",
            Self::Opaque => "erase the background to alpha 0, and export the picture with its alpha channel",
            Self::Mask(_) | Self::MaskSize { .. } | Self::MaskKind(_) => {
                "export the mask as an 8-bit RGB PNG of 512 x 512 pixels without an alpha channel or palette"
            }
            Self::MaskGrey { .. } => "paint the mask in pure white on pure black, with anti-aliasing and scaling off",
            Self::MaskColoured => "paint eyes and mouth white and everything else black",
            Self::MaskEmpty => "paint white where the eyes and mouth are in the character's picture",
        }
    }
}

/// All problems with a character's picture.
pub(crate) fn character_flaws(png: &[u8]) -> Vec<Flaw> {
    let mut flaws: Vec<Flaw> =
        CharacterImage::from_png(png).err().unwrap_or_default().into_iter().map(Flaw::from).collect();
    if let Ok(Ok(DynamicImage::ImageRgba8(picture))) = decoder(Cursor::new(png)).map(decode)
        && picture.pixels().all(|pixel| pixel[3] == u8::MAX)
    {
        flaws.push(Flaw::Opaque);
    }
    flaws
}

/// All problems with a face mask.
pub(crate) fn mask_flaws(png: &[u8]) -> Vec<Flaw> {
    let decoder = match decoder(Cursor::new(png)) {
        Ok(decoder) => decoder,
        Err(error) => return vec![error.into()],
    };
    let mut flaws = Vec::new();
    let (width, height) = decoder.dimensions();
    if (width, height) != (EDGE, EDGE) {
        flaws.push(Flaw::MaskSize { width, height });
    }
    let kind = decoder.original_color_type();
    if kind != ExtendedColorType::Rgb8 {
        flaws.push(Flaw::MaskKind(kind_name(kind)));
    }
    match decode(decoder) {
        Ok(mask) => flaws.extend(paint_flaws(&mask.to_rgb8())),
        Err(error) => flaws.push(error.into()),
    }
    flaws
}

fn paint_flaws(mask: &RgbImage) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let is_pure = |value: &[u8; 3]| value.iter().all(|channel| [0, u8::MAX].contains(channel));
    let pixels = || mask.enumerate_pixels().map(|(x, y, pixel)| (x, y, pixel.0));
    let mut grey = pixels().filter(|(_, _, value)| !is_pure(value));
    if let Some((x, y, value)) = grey.next() {
        flaws.push(Flaw::MaskGrey { count: 1 + grey.count(), value, x, y });
    } else if pixels().any(|(_, _, [red, green, blue])| red != green || green != blue) {
        flaws.push(Flaw::MaskColoured);
    }
    let window = |start: usize, at: u32| (start..start + FACE_SIZE).contains(&(at as usize));
    let marked = |(x, y, [red, ..]): (u32, u32, [u8; 3])| window(FACE_COLUMN, x) && window(FACE_ROW, y) && red > 0;
    if mask.dimensions() == (EDGE, EDGE) && !pixels().any(marked) {
        flaws.push(Flaw::MaskEmpty);
    }
    flaws
}

fn kind_name(kind: ExtendedColorType) -> String {
    match kind {
        ExtendedColorType::Unknown(_) => "palette".to_owned(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, ImageFormat, Rgb, Rgba, RgbaImage};

    fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.into().write_to(&mut bytes, ImageFormat::Png).expect("encoded");
        bytes.into_inner()
    }

    fn texts(flaws: &[Flaw]) -> String {
        flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    fn portrait(width: u32, height: u32, surroundings: u8) -> RgbaImage {
        RgbaImage::from_fn(width, height, |x, y| Rgba([x as u8, y as u8, 9, if x < 20 { surroundings } else { 255 }]))
    }

    /// White around the eyes, black elsewhere.
    fn mask(width: u32, height: u32) -> RgbImage {
        let eyes = |x, y| (210..300).contains(&x) && (120..150).contains(&y);
        RgbImage::from_fn(width, height, |x, y| Rgb(if eyes(x, y) { [255; 3] } else { [0; 3] }))
    }

    #[test]
    fn a_good_picture_and_mask_have_no_flaws() {
        assert_eq!(texts(&character_flaws(&png(portrait(512, 512, 0)))), "");
        assert_eq!(texts(&mask_flaws(&png(mask(512, 512)))), "");
    }

    #[test]
    fn all_flaws_of_a_picture_are_found() {
        let flaws = character_flaws(&png(portrait(300, 512, 255)));
        assert!(flaws.len() == 2 && texts(&flaws).contains("300 x 512") && texts(&flaws).contains("opaque"));
        let without_alpha = DynamicImage::from(portrait(512, 512, 0)).to_rgb8();
        assert!(texts(&character_flaws(&png(without_alpha))).contains("RGBA"));
        assert!(texts(&character_flaws(b"GIF89a")).contains("not a PNG"));
    }

    #[test]
    fn all_flaws_of_a_mask_are_found() {
        let mut grey = mask(512, 500);
        grey.put_pixel(3, 4, Rgb([0, 128, 255]));
        grey.put_pixel(5, 4, Rgb([1, 0, 0]));
        let flaws = texts(&mask_flaws(&png(DynamicImage::from(grey).to_rgba8())));
        for part in ["512 x 500", "Rgba8", "2 pixels", "[0, 128, 255] at column 3, row 4"] {
            assert!(flaws.contains(part), "{part} is not in {flaws}");
        }
        assert!(texts(&mask_flaws(&png(GrayImage::new(512, 512)))).contains("has L8"));
        assert!(texts(&mask_flaws(b"")).contains("not a readable PNG"));
        let whole = png(mask(512, 512));
        assert!(texts(&mask_flaws(&whole[..whole.len() / 2])).contains("not a readable PNG"));
    }

    #[test]
    fn a_coloured_or_empty_mask_is_only_a_warning() {
        let mut red = mask(512, 512);
        red.put_pixel(0, 0, Rgb([255, 0, 0]));
        let flaws = mask_flaws(&png(red));
        assert!(matches!(flaws[..], [Flaw::MaskColoured]) && !flaws[0].is_fatal());
        let flaws = mask_flaws(&png(RgbImage::new(512, 512)));
        assert!(matches!(flaws[..], [Flaw::MaskEmpty]) && !flaws[0].is_fatal());
    }

    #[test]
    fn a_picture_that_claims_a_huge_size_is_not_decoded() {
        let mut bytes = png(mask(4, 4));
        bytes[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]); // IHDR's width and height
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(mask_flaws(&bytes).iter().all(Flaw::is_fatal) && !mask_flaws(&bytes).is_empty());
        assert!(!character_flaws(&bytes).is_empty());
    }

    /// The checksum of PNG's chunks (ISO 3309).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
        })
    }
}
