//! Sample sheets: the teacher's pictures and the student's side by side (`distill/spec/distiller.md`).

use super::{ReportError, flow_color::flow_light};
use bunraku_core::{
    character::{FACE_SIZE, IMAGE_SIZE},
    color::{encode_reference, srgb8_from_linear},
    files,
};
use image::{GenericImage as _, ImageFormat, Rgba, RgbaImage};
use std::{
    io::Cursor,
    path::{Path, PathBuf},
};

/// Examples on a face sheet.
pub const FACE_SAMPLES: usize = 8;

/// Pairs side by side on a face sheet.
const FACE_PAIRS: usize = 2;

/// The background of a body sheet's colours: green in the networks' range.
const GROUND: [f32; 3] = [-1.0, 1.0, -1.0];

/// Below this alpha a pixel of a body sheet has no colour (`core/spec/images.md`, Out of the networks).
const NO_ALPHA: f32 = 1e-5;

/// One example of the face: `[4, 128, 128]` in [-1, 1] each.
#[derive(Clone, Copy, Debug)]
pub struct FaceSample<'a> {
    /// The teacher's.
    pub truth: &'a [f32],
    /// The student's.
    pub prediction: &'a [f32],
}

/// The sheet of up to [`FACE_SAMPLES`] faces, 512 x 512: pairs of truth and prediction, two pairs a row. Colours stay
/// premultiplied, as the original saves them (`core/spec/images.md`, Out of the networks).
///
/// # Panics
/// If a picture has another size.
pub fn face_sheet(samples: &[FaceSample<'_>]) -> RgbaImage {
    let edge = (2 * FACE_PAIRS * FACE_SIZE) as u32;
    let mut sheet = RgbaImage::new(edge, edge);
    let cells = samples.iter().take(FACE_SAMPLES).flat_map(|sample| [sample.truth, sample.prediction]);
    for (index, planes) in cells.enumerate() {
        let mut pixels = vec![0; 4 * FACE_SIZE * FACE_SIZE];
        encode_reference(planes, &mut pixels);
        let cell = RgbaImage::from_raw(FACE_SIZE as u32, FACE_SIZE as u32, pixels).expect("as many bytes as pixels");
        let (row, column) = (index / (2 * FACE_PAIRS), index % (2 * FACE_PAIRS));
        sheet
            .copy_from(&cell, (column * FACE_SIZE) as u32, (row * FACE_SIZE) as u32)
            .expect("the sheet has room for eight pairs");
    }
    sheet
}

/// One example of the body, 512 x 512 each: pictures `[4, …]` in [-1, 1], alpha `[1, …]` in [0, 1], grid changes
/// `[2, …]` in normalised units.
#[derive(Clone, Copy, Debug)]
pub struct BodySample<'a> {
    /// The teacher's finished picture.
    pub truth_blended: &'a [f32],
    /// The student's.
    pub blended: &'a [f32],
    /// The opacity of the student's painted colours.
    pub alpha: &'a [f32],
    /// The student's painted colours.
    pub color_change: &'a [f32],
    /// The student's warped picture.
    pub warped: &'a [f32],
    /// The teacher's grid change.
    pub truth_grid_change: &'a [f32],
    /// The student's.
    pub grid_change: &'a [f32],
}

/// The sheet of the body's examples, one a row: 3584 x 2048 pixels for the original's four. It is filled one by one,
/// because an example's pictures are large.
#[derive(Clone, Debug)]
pub struct BodySheet {
    sheet: RgbaImage,
    rows: u32,
}

impl BodySheet {
    /// Examples on the original's sheet.
    pub const SAMPLES: usize = 4;

    /// A sheet for this many examples.
    pub fn new(samples: usize) -> Self {
        Self { sheet: RgbaImage::new(7 * IMAGE_SIZE as u32, (samples * IMAGE_SIZE) as u32), rows: 0 }
    }

    /// Draws the next example, or nothing if the sheet is full.
    ///
    /// # Panics
    /// If a picture has another size.
    pub fn push(&mut self, sample: &BodySample<'_>) {
        let cells = [
            Cell::Color(sample.truth_blended),
            Cell::Color(sample.blended),
            Cell::Alpha(sample.alpha),
            Cell::Color(sample.color_change),
            Cell::Color(sample.warped),
            Cell::Grid(sample.truth_grid_change),
            Cell::Grid(sample.grid_change),
        ];
        let (edge, top) = (IMAGE_SIZE as u32, self.rows * IMAGE_SIZE as u32);
        if top < self.sheet.height() {
            for (column, cell) in cells.iter().enumerate() {
                cell.draw(&mut self.sheet.sub_image(column as u32 * edge, top, edge, edge));
            }
            self.rows += 1;
        }
    }

    /// The picture.
    pub fn into_image(self) -> RgbaImage {
        self.sheet
    }
}

/// A student's output, and how to show it.
enum Cell<'a> {
    Color(&'a [f32]),
    Alpha(&'a [f32]),
    Grid(&'a [f32]),
}

impl Cell<'_> {
    fn draw(&self, cell: &mut image::SubImage<&mut RgbaImage>) {
        const AREA: usize = IMAGE_SIZE * IMAGE_SIZE;
        let (Self::Color(planes) | Self::Alpha(planes) | Self::Grid(planes)) = self;
        assert_eq!(planes.len(), self.channels() * AREA, "a sheet's cell is {IMAGE_SIZE} x {IMAGE_SIZE}");
        for index in 0..AREA {
            let at = |channel: usize| planes[channel * AREA + index];
            let light = match self {
                Self::Color(_) => over_green(std::array::from_fn(at)),
                Self::Alpha(_) => [at(0); 4],
                Self::Grid(_) => {
                    let [red, green, blue] = flow_light([at(0), at(1)]);
                    [red, green, blue, 1.0]
                }
            };
            cell.put_pixel((index % IMAGE_SIZE) as u32, (index / IMAGE_SIZE) as u32, straight(light));
        }
    }

    fn channels(&self) -> usize {
        match self {
            Self::Color(_) => 4,
            Self::Alpha(_) => 1,
            Self::Grid(_) => 2,
        }
    }
}

/// Composites on green in the networks' range, as the original does: premultiplied colours are multiplied by alpha
/// again. The result is in [0, 1].
fn over_green([red, green, blue, alpha]: [f32; 4]) -> [f32; 4] {
    let cover = 0.5 * (alpha + 1.0);
    let over = |value: f32, ground: f32| 0.5 * (value * cover + ground * (1.0 - cover)) + 0.5;
    [over(red, GROUND[0]), over(green, GROUND[1]), over(blue, GROUND[2]), 1.0]
}

/// Light divided by alpha, encoded (`core/spec/images.md`, Out of the networks).
fn straight([red, green, blue, alpha]: [f32; 4]) -> Rgba<u8> {
    let encode = |light: f32| if alpha.abs() < NO_ALPHA { 0 } else { srgb8_from_linear(light / alpha) };
    Rgba([encode(red), encode(green), encode(blue), (255.0 * alpha.clamp(0.0, 1.0)).round() as u8])
}

/// The path of the sheet after `seen` examples in a student's folder (`distill/spec/distiller.md`).
pub fn sample_path(folder: &Path, seen: u64) -> PathBuf {
    folder.join("sample_outputs").join(format!("sample_output_{seen:010}.png"))
}

/// Writes a sheet as PNG, atomically, and creates its folder.
///
/// # Errors
/// If the folder or the file cannot be written.
pub fn save_sheet(sheet: &RgbaImage, path: &Path) -> Result<(), ReportError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(ReportError::file(folder))?;
    }
    let mut png = Cursor::new(Vec::new());
    sheet.write_to(&mut png, ImageFormat::Png)?;
    files::replace(path, png.get_ref()).map_err(ReportError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn face_pairs_are_laid_out_as_in_the_original() {
        let flat = |value: f32| vec![value; 4 * FACE_SIZE * FACE_SIZE];
        let lights: Vec<[Vec<f32>; 2]> =
            (0..FACE_SAMPLES).map(|i| [flat(i as f32 / 8.0 - 1.0), flat(i as f32 / 8.0)]).collect();
        let samples: Vec<FaceSample<'_>> =
            lights.iter().map(|[truth, prediction]| FaceSample { truth, prediction }).collect();
        let sheet = face_sheet(&samples);
        assert_eq!(sheet.dimensions(), (512, 512));
        for (index, [truth, prediction]) in lights.iter().enumerate() {
            let (x, y) = ((index % 2 * 256) as u32, (index / 2 * 128) as u32);
            for (corner, planes) in [(x, truth), (x + 128, prediction)] {
                let light = 0.5 * planes[0] + 0.5;
                let expected = [srgb8_from_linear(light), (255.0 * light + 0.5) as u8];
                for (x, y) in [(corner, y), (corner + 127, y + 127)] {
                    let pixel = sheet.get_pixel(x, y).0;
                    assert_eq!([pixel[0], pixel[3]], expected, "example {index}");
                }
            }
        }
    }

    #[test]
    fn the_body_sheet_has_the_originals_seven_columns() {
        const AREA: usize = IMAGE_SIZE * IMAGE_SIZE;
        let clear = vec![-1.0; 4 * AREA];
        let white = vec![1.0; 4 * AREA];
        let half = vec![0.5; AREA];
        let (rest, east) = (vec![0.0; 2 * AREA], [vec![0.2; AREA], vec![0.0; AREA]].concat());
        let sample = BodySample {
            truth_blended: &white,
            blended: &clear,
            alpha: &half,
            color_change: &white,
            warped: &clear,
            truth_grid_change: &rest,
            grid_change: &east,
        };
        let mut sheet = BodySheet::new(BodySheet::SAMPLES);
        for _ in 0..=BodySheet::SAMPLES {
            sheet.push(&sample);
        }
        let sheet = sheet.into_image();
        assert_eq!(sheet.dimensions(), (3584, 2048));
        let row = |y: u32| -> Vec<[u8; 4]> { (0..7).map(|column| sheet.get_pixel(column * 512 + 99, y).0).collect() };
        let (white, green, black) = ([255; 4], [0, 255, 0, 255], [0, 0, 0, 255]);
        let east = flow_light([0.2, 0.0]).map(srgb8_from_linear);
        let east = [east[0], east[1], east[2], 255];
        assert_eq!(row(5), [white, green, [255, 255, 255, 128], white, green, black, east]);
        assert_eq!(row(5), row(2047));
    }

    #[test]
    fn a_sheet_is_written_to_the_originals_path() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = sample_path(folder.path(), 20_000);
        assert!(path.ends_with("sample_outputs/sample_output_0000020000.png"));
        let sheet = face_sheet(&[]);
        save_sheet(&sheet, &path).expect("written");
        assert_eq!(image::open(&path).expect("a PNG").to_rgba8(), sheet);
    }
}
