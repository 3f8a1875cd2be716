//! The pictures for training besides the teacher: the character at rest, and the mask of its eyes and mouth.

use super::Rig;
use bunraku_core::{
    character::IMAGE_SIZE,
    color::encode_straight,
    pose::{Parameter, Pose},
};
use image::{ImageFormat, ImageResult, Rgb, RgbImage, RgbaImage};
use std::io::Cursor;

/// The groups where errors weigh more than elsewhere in the face.
const MARKED: [&str; 3] = ["mouth", "eye_left", "eye_right"];

/// The margin of the face mask around them in pixels.
const MARGIN: usize = 3;

const EDGE: u32 = IMAGE_SIZE as u32;

/// Both pictures as PNG files of 512 x 512 pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portrait {
    /// The resting picture: 8-bit sRGB with straight alpha.
    pub picture: Vec<u8>,
    /// The face mask: 8-bit RGB, white where mouth and eyes are at rest or at the end of any parameter that shapes them,
    /// grown by three pixels; black elsewhere.
    pub mask: Vec<u8>,
}

impl Rig {
    /// Draws the resting picture and the face mask.
    ///
    /// # Errors
    /// If they cannot be encoded.
    pub fn portrait(&self) -> ImageResult<Portrait> {
        let marked = grown(&self.speaking());
        let mask = RgbImage::from_fn(EDGE, EDGE, |x, y| Rgb([255 * u8::from(marked[(y * EDGE + x) as usize]); 3]));
        let mut bytes = Cursor::new(Vec::new());
        mask.write_to(&mut bytes, ImageFormat::Png)?;
        Ok(Portrait { picture: png(&self.rest().planes)?, mask: bytes.into_inner() })
    }

    /// The pixels that mouth and eyes can touch.
    fn speaking(&self) -> Vec<bool> {
        let mut marked = vec![false; IMAGE_SIZE * IMAGE_SIZE];
        let layers = self.art.layers.iter().zip(&self.rasterizers);
        for (layer, rasterizer) in layers.filter(|(layer, _)| MARKED.contains(&layer.name.as_str())) {
            for pose in ends(rasterizer.parameters()) {
                rasterizer.paint(&self.art.head, layer, &pose).mark(&mut marked);
            }
        }
        marked
    }
}

/// A picture in the networks' planes, `[4, 512, 512]`, as a PNG file with straight alpha.
///
/// # Errors
/// If it cannot be encoded.
///
/// # Panics
/// If it has another size.
pub fn png(planes: &[f32]) -> ImageResult<Vec<u8>> {
    let mut pixels = vec![0; planes.len()];
    encode_straight(planes, &mut pixels);
    let picture = RgbaImage::from_raw(EDGE, EDGE, pixels).expect("a picture of 512 x 512");
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// The resting pose, and both ends of each parameter's range.
fn ends(parameters: &[Parameter]) -> impl Iterator<Item = Pose> {
    let ends = parameters.iter().flat_map(|parameter| {
        [parameter.min(), 1.0].map(|end| {
            let mut pose = Pose::default();
            pose[*parameter] = end;
            pose
        })
    });
    ends.chain([Pose::default()])
}

/// The marked pixels, and all within [`MARGIN`] of them.
fn grown(marked: &[bool]) -> Vec<bool> {
    let near = |at: usize| at.saturating_sub(MARGIN)..=(at + MARGIN).min(IMAGE_SIZE - 1);
    let across = |row: usize, column: usize| near(column).any(|column| marked[row * IMAGE_SIZE + column]);
    let wide: Vec<bool> = (0..marked.len()).map(|index| across(index / IMAGE_SIZE, index % IMAGE_SIZE)).collect();
    let down = |row: usize, column: usize| near(row).any(|row| wide[row * IMAGE_SIZE + column]);
    (0..marked.len()).map(|index| down(index / IMAGE_SIZE, index % IMAGE_SIZE)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_grows_by_its_margin_on_every_side_and_stays_in_the_picture() {
        let mut marked = vec![false; IMAGE_SIZE * IMAGE_SIZE];
        marked[0] = true;
        marked[100 * IMAGE_SIZE + 200] = true;
        let grown = grown(&marked);
        let at = |row: usize, column: usize| grown[row * IMAGE_SIZE + column];
        assert!(at(3, 3) && !at(4, 0) && at(97, 203) && at(103, 197) && !at(100, 204) && !at(104, 200));
        assert_eq!(grown.iter().filter(|marked| **marked).count(), 16 + 49);
    }
}
