//! The backdrop: a background's pixels, and the ring of backgrounds that a key cycles through.

use crate::settings::Background;
use bunraku_core::color::{linear_from_srgb8, srgb8_from_linear};
use image::RgbaImage;
use std::path::{Path, PathBuf};

/// The longer edge of a background picture is reduced to this many pixels; more would only cost memory.
const LARGEST: u32 = 2048;

/// Why a background cannot be shown.
#[derive(Debug, thiserror::Error)]
#[error("the background {} cannot be shown: {why}; {}", path.display(), advice(path))]
pub struct BackdropError {
    path: PathBuf,
    why: image::ImageError,
}

fn advice(path: &Path) -> String {
    match Background::misspelt(path) {
        Some(word) => format!("did you mean `{word}`?"),
        None => "it may be a PNG picture, a colour's name or #RRGGBB".to_owned(),
    }
}

/// A background's pixels: RGBA, premultiplied in linear light, then sRGB-encoded. A colour is one pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backdrop {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// `4 * width * height` bytes.
    pub rgba: Vec<u8>,
}

impl Backdrop {
    /// Loads the background; for a picture this reads its file.
    ///
    /// # Errors
    /// When the file cannot be read or is no picture.
    pub fn load(background: &Background) -> Result<Self, BackdropError> {
        match background {
            Background::Transparent => Ok(Self::transparent()),
            &Background::Colour([red, green, blue]) => Ok(Self::one_pixel([red, green, blue, 255])),
            Background::Picture(path) => Self::open(path).map_err(|why| BackdropError { path: path.clone(), why }),
        }
    }

    /// Nothing.
    pub(crate) fn transparent() -> Self {
        Self::one_pixel([0; 4])
    }

    fn one_pixel(rgba: [u8; 4]) -> Self {
        Self { width: 1, height: 1, rgba: rgba.to_vec() }
    }

    fn open(path: &Path) -> Result<Self, image::ImageError> {
        let picture = bunraku_core::picture_file::open(path)?.into_rgba8();
        let block = picture.width().max(picture.height()).div_ceil(LARGEST);
        let [width, height] = [picture.width(), picture.height()].map(|edge| (edge / block).max(1));
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| [x, y]));
        let rgba = pixels.flat_map(|[x, y]| mean(&picture, x * block, y * block, block)).collect();
        Ok(Self { width, height, rgba })
    }
}

/// The mean, in linear light, of the square block of pixels at `left`, `top`.
fn mean(picture: &RgbaImage, left: u32, top: u32, block: u32) -> [u8; 4] {
    let [right, bottom] = [(left + block).min(picture.width()), (top + block).min(picture.height())];
    let pixels = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
    let sum = pixels.fold([0.0; 4], |sum, (x, y)| {
        let linear = premultiplied(picture.get_pixel(x, y).0);
        std::array::from_fn(|channel| sum[channel] + linear[channel])
    });
    let count = ((right - left) * (bottom - top)) as f32;
    let [red, green, blue, alpha] = sum.map(|sum| sum / count);
    let [red, green, blue] = [red, green, blue].map(srgb8_from_linear);
    [red, green, blue, (alpha * 255.0).round_ties_even() as u8]
}

fn premultiplied([red, green, blue, alpha]: [u8; 4]) -> [f32; 4] {
    let alpha = f32::from(alpha) / 255.0;
    let [red, green, blue] = [red, green, blue].map(|value| linear_from_srgb8(value) * alpha);
    [red, green, blue, alpha]
}

/// The background after `current` when a key cycles through them: what was `chosen` at the start, then the named ones.
pub(crate) fn next(current: &Background, chosen: &Background) -> Background {
    let mut ring = vec![
        Background::Transparent,
        Background::Colour([0, 255, 0]),
        Background::Colour([0, 0, 255]),
        Background::Colour([0, 0, 0]),
        Background::Colour([255, 255, 255]),
    ];
    if !ring.contains(chosen) {
        ring.push(chosen.clone());
    }
    let at = ring.iter().position(|background| background == current).unwrap_or(0);
    ring[(at + 1) % ring.len()].clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_passes_every_background_once() {
        let chosen = Background::Colour([255, 0, 255]);
        let mut seen = vec![chosen.clone()];
        while seen.len() < 6 {
            let following = next(&seen[seen.len() - 1], &chosen);
            assert!(!seen.contains(&following), "{following} comes twice");
            seen.push(following);
        }
        assert_eq!(next(&seen[5], &chosen), chosen);
    }

    #[test]
    fn a_picture_is_premultiplied_and_a_large_one_reduced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("wide.png");
        let half_white = image::Rgba([255, 255, 255, 128]);
        RgbaImage::from_pixel(4096, 3, half_white).save(&path).expect("saved");
        let backdrop = Backdrop::load(&Background::Picture(path)).expect("loaded");
        assert_eq!((backdrop.width, backdrop.height), (2048, 1));
        assert_eq!(backdrop.rgba[..4], [188, 188, 188, 128]);
    }

    #[test]
    fn what_is_no_picture_is_named_with_the_way_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gren");
        let missing = Backdrop::load(&Background::Picture(path.clone())).expect_err("missing").to_string();
        assert!(missing.contains("gren") && missing.contains("did you mean `green`?"), "{missing}");
        let elsewhere = Backdrop::load(&Background::Picture("no/wood.png".into())).expect_err("missing").to_string();
        assert!(elsewhere.contains("wood.png") && elsewhere.contains("#RRGGBB"), "{elsewhere}");
        std::fs::write(&path, b"no picture").expect("written");
        let damaged = Backdrop::load(&Background::Picture(path)).expect_err("damaged").to_string();
        assert!(damaged.contains("gren"), "{damaged}");
    }
}
