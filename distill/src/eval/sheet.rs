//! Draws a contact sheet: every parameter at its ends and some held-out poses, the teacher's picture beside the
//! student's.

use crate::report::{
    ReportError,
    font::{self, FONT},
};
use bunraku_core::{
    character::IMAGE_SIZE,
    color::{Backdrop, encode_over},
    files::replace,
    pose::{FACE_POSE_LEN, Parameter, Pose},
};
use image::{
    ExtendedColorType, ImageEncoder as _, RgbImage, RgbaImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
    imageops::{self, crop_imm},
};
use plotters::{
    drawing::IntoDrawingArea as _,
    element::Text,
    prelude::BitMapBackend,
    style::{IntoFont as _, RGBColor, TextStyle},
};
use std::path::Path;

/// The width of a picture on the sheet in pixels.
const CELL: u32 = 144;

/// The number of pairs in a row.
const COLUMNS: usize = 4;

/// The gap between pairs and around the sheet.
const GAP: u32 = 8;

/// The height of a line of text.
const LETTERS: u32 = 18;

/// The background of the pictures and of the sheet.
const BACKDROP: [u8; 3] = [231, 234, 240];
const PAPER: [u8; 3] = [255; 3];
const INK: RGBColor = RGBColor(40, 44, 52);

/// The part of a picture that shows head and shoulders: column, row, width and height.
const BUST: [u32; 4] = [96, 16, 320, 320];

/// A close-up shows pixels that differ from rest by more than this (of 255).
const CHANGED: u8 = 6;

/// A pose of the sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetPose {
    /// The text above its pictures.
    pub label: String,
    /// The pose.
    pub pose: Pose,
    /// Whether to show only the part that differs from rest, enlarged.
    pub close: bool,
}

/// The sheet's poses: rest, every parameter at its non-zero ends, and `held_out`.
pub fn sheet_poses(held_out: &[Pose]) -> Vec<SheetPose> {
    let wide = |label: String, pose| SheetPose { label, pose, close: false };
    let ends = Parameter::ALL.into_iter().flat_map(|parameter| {
        [parameter.min(), Parameter::MAX].into_iter().filter(|end| *end != 0.0).map(move |end| {
            let mut pose = Pose::default();
            pose[parameter] = end;
            SheetPose { label: format!("{} {end}", parameter.name()), pose, close: parameter.index() < FACE_POSE_LEN }
        })
    });
    let numbered = held_out.iter().enumerate().map(|(index, pose)| wide(format!("held-out pose {index}"), *pose));
    let (close, ends): (Vec<_>, Vec<_>) = ends.partition(|pose| pose.close);
    close.into_iter().chain([wide("rest".to_owned(), Pose::default())]).chain(ends).chain(numbered).collect()
}

/// A contact sheet, filled pair by pair.
#[derive(Clone, Debug)]
pub struct ContactSheet {
    title: String,
    /// The teacher's picture at rest, `[512, 512]`.
    rest: RgbImage,
    pairs: Vec<(String, [RgbImage; 2])>,
}

impl ContactSheet {
    /// An empty sheet. `rest` is the teacher's picture at rest, `[4, 512, 512]` in [-1, 1].
    ///
    /// # Panics
    /// If it has another size.
    pub fn new(title: String, rest: &[f32]) -> Self {
        Self { title, rest: opaque(rest), pairs: Vec::new() }
    }

    /// Adds the pictures of a pose, `[4, 512, 512]` in [-1, 1]: the teacher's, then the student's.
    ///
    /// # Panics
    /// If they have another size.
    pub fn push(&mut self, pose: &SheetPose, pictures: [&[f32]; 2]) {
        let pictures = pictures.map(opaque);
        let part = if pose.close { close_up(&self.rest, &pictures[0]) } else { BUST };
        self.pairs.push((pose.label.clone(), pictures.map(|picture| cell(&picture, part))));
    }

    /// The picture.
    ///
    /// # Errors
    /// If the text cannot be drawn.
    pub fn draw(&self) -> Result<RgbImage, ReportError> {
        let places = self.places();
        let bottom = self.pairs.iter().zip(&places).map(|((_, pair), place)| place[1] + LETTERS + pair[0].height());
        let width = GAP + COLUMNS as u32 * (2 * CELL + GAP);
        let height = bottom.max().unwrap_or(GAP + LETTERS) + GAP;
        let mut sheet = RgbImage::from_pixel(width, height, image::Rgb(PAPER));
        for ((_, pair), [x, y]) in self.pairs.iter().zip(&places) {
            for (picture, x) in pair.iter().zip([*x, x + CELL]) {
                imageops::replace(&mut sheet, picture, x.into(), (y + LETTERS).into());
            }
        }
        let labels = self.pairs.iter().zip(&places).map(|((label, _), place)| (label.as_str(), *place));
        let texts: Vec<_> = [(self.title.as_str(), [GAP, GAP])].into_iter().chain(labels).collect();
        write(&mut sheet, &texts).map_err(|error| ReportError::Plot(error.to_string()))?;
        Ok(sheet)
    }

    /// The upper left corner of each pair, with its label. A row has pictures of one height.
    fn places(&self) -> Vec<[u32; 2]> {
        let (mut x, mut y, mut row) = (GAP, 2 * GAP + LETTERS, None);
        let mut place = |height: u32| {
            let full = x + 2 * CELL + GAP > GAP + COLUMNS as u32 * (2 * CELL + GAP);
            if let Some(above) = row.filter(|row| full || *row != height) {
                (x, y) = (GAP, y + LETTERS + above + GAP);
            }
            row = Some(height);
            x += 2 * CELL + GAP;
            [x - 2 * CELL - GAP, y]
        };
        self.pairs.iter().map(|(_, pair)| place(pair[0].height())).collect()
    }

    /// Writes the sheet as PNG, atomically.
    ///
    /// # Errors
    /// If it cannot be drawn or the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ReportError> {
        let sheet = self.draw()?;
        let mut png = Vec::new();
        let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive);
        encoder.write_image(&sheet, sheet.width(), sheet.height(), ExtendedColorType::Rgb8)?;
        replace(path, &png).map_err(ReportError::file(path))
    }
}

/// A picture composited on the backdrop.
fn opaque(planes: &[f32]) -> RgbImage {
    let mut pixels = vec![0; planes.len()];
    encode_over(planes, Backdrop::Colour(BACKDROP), &mut pixels);
    let edge = IMAGE_SIZE as u32;
    let picture = RgbaImage::from_raw(edge, edge, pixels).expect("a picture of 512 x 512");
    image::DynamicImage::from(picture).into_rgb8()
}

/// The part of a picture that differs from rest, extended to the 4:3 of a close-up.
fn close_up(rest: &RgbImage, posed: &RgbImage) -> [u32; 4] {
    const LEAST: u32 = 48;
    const MARGIN: u32 = 5;
    let unlike = |a: &image::Rgb<u8>, b: &image::Rgb<u8>| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > CHANGED);
    let changed = posed.enumerate_pixels().filter(|(x, y, pixel)| unlike(rest.get_pixel(*x, *y), pixel));
    let bounds = changed.fold(None, |bounds: Option<[u32; 4]>, (x, y, _)| {
        let [left, top, right, bottom] = bounds.unwrap_or([x, y, x, y]);
        Some([left.min(x), top.min(y), right.max(x), bottom.max(y)])
    });
    let Some([left, top, right, bottom]) = bounds else { return BUST };
    let (width, height) = (right - left + 2 * MARGIN, bottom - top + 2 * MARGIN);
    // A multiple of 4, so that all close-ups have one height.
    let width = width.max(height * 4 / 3).clamp(LEAST, IMAGE_SIZE as u32).next_multiple_of(4);
    let height = width * 3 / 4;
    let start = |from: u32, to: u32, length: u32| {
        u32::midpoint(from, to).saturating_sub(length / 2).min(IMAGE_SIZE as u32 - length)
    };
    [start(left, right, width), start(top, bottom, height), width, height]
}

/// A part of a picture, resized to a cell's width.
fn cell(picture: &RgbImage, [x, y, width, height]: [u32; 4]) -> RgbImage {
    let part = crop_imm(picture, x, y, width, height).to_image();
    imageops::resize(&part, CELL, CELL * height / width, imageops::FilterType::CatmullRom)
}

fn write(sheet: &mut RgbImage, texts: &[(&str, [u32; 2])]) -> Result<(), Box<dyn std::error::Error>> {
    font::register();
    let size = sheet.dimensions();
    let area = BitMapBackend::with_buffer(sheet, size).into_drawing_area();
    let style = TextStyle::from((FONT, 14).into_font()).color(&INK);
    for (text, [x, y]) in texts {
        area.draw(&Text::new(*text, (x.cast_signed(), y.cast_signed()), style.clone()))?;
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grey picture with a square of another grey in it.
    fn picture(square: [usize; 2], value: f32) -> Vec<f32> {
        let mut planes = vec![0.0; 4 * IMAGE_SIZE * IMAGE_SIZE];
        planes[3 * IMAGE_SIZE * IMAGE_SIZE..].fill(1.0);
        for channel in 0..3 {
            for row in square[1]..square[1] + 20 {
                planes[(channel * IMAGE_SIZE + row) * IMAGE_SIZE + square[0]..][..20].fill(value);
            }
        }
        planes
    }

    #[test]
    fn every_parameter_appears_at_its_ends() {
        let poses = sheet_poses(&[Pose::default(); 24]);
        assert_eq!(poses.len(), 38 + 2 * 7 + 1 + 24);
        for parameter in Parameter::ALL {
            for end in [parameter.min(), 1.0].into_iter().filter(|end| *end != 0.0) {
                let label = format!("{} {end}", parameter.name());
                let found = poses.iter().find(|pose| pose.label == label).expect("its pose");
                assert!(found.pose[parameter] == end && found.close == (parameter.index() < FACE_POSE_LEN));
            }
        }
    }

    #[test]
    fn a_close_up_shows_the_change_in_both_pictures() {
        let rest = picture([300, 200], 0.0);
        let mut sheet = ContactSheet::new("title".to_owned(), &rest);
        let close = SheetPose { label: "mouth_aaa 1".to_owned(), pose: Pose::default(), close: true };
        let (truth, drawn) = (picture([300, 200], 1.0), picture([300, 200], -1.0));
        for _ in 0..5 {
            sheet.push(&close, [&truth, &drawn]);
        }
        sheet.push(&SheetPose { close: false, ..close }, [&truth, &drawn]);
        let places = sheet.places();
        assert_eq!((places[0][1], places[3][1]), (places[1][1], places[0][1]));
        assert!(places[4][0] == places[0][0] && places[4][1] > places[3][1], "five pairs take two rows");
        assert!(places[5][0] == places[0][0] && places[5][1] > places[4][1], "other heights take another");
        let drawn = sheet.draw().expect("drawn");
        let [x, y] = [places[4][0] + CELL / 2, places[4][1] + LETTERS + CELL * 3 / 8];
        assert_eq!((drawn.get_pixel(x, y).0, drawn.get_pixel(x + CELL, y).0), ([255; 3], [0; 3]));
        assert_eq!(close_up(&opaque(&rest), &opaque(&truth)), [285, 191, 48, 36]);
        assert_eq!(close_up(&opaque(&rest), &opaque(&rest)), BUST);
    }

    #[test]
    fn a_saved_sheet_has_text() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("sheet.png");
        ContactSheet::new("teacher | student".to_owned(), &picture([0, 0], 0.0)).save(&path).expect("written");
        let sheet = image::open(&path).expect("a PNG").to_rgb8();
        assert!(sheet.pixels().any(|pixel| pixel.0[0] < 200), "there is text");
    }
}
