//! The rig teacher: layered art in place of a heavy network.
//!
//! An SVG file with named groups is a character that can be posed exactly, without any downloaded weights. What the
//! face's parameters do is drawn: for each there are shapes that paths turn into ([`Art`]). What the head's and body's
//! do is a smooth turn with a depth for each group (`motion`). `README.md` beside this file says how art is layered.

mod art;
mod compose;
mod error;
mod keys;
mod layer;
mod motion;
mod raster;
mod shape;
mod teacher;

pub use art::{Art, LIMIT, REQUIRED};
pub use error::{Fault, RigError};
pub use teacher::RigTeacher;

use bunraku_core::{
    character::{CharacterImage, FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE},
    pose::Pose,
};
use compose::{Seen, Sheet, compose};
use motion::Motion;
use raster::{Bounds, Painter, Pixels};
use std::{ops::Range, path::Path};

/// A character that can be posed: art, measured, and what no pose changes drawn once.
#[derive(Debug)]
pub struct Rig {
    art: Art,
    painters: Vec<Painter>,
    /// The resting picture: a pose's face changes only a part of it.
    rest: Vec<Seen>,
}

/// One posed picture, planar, `IMAGE_SIZE` squared; colours as [`CharacterImage`] has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RigFrame {
    /// `[4, 512, 512]`: the character in the pose.
    pub posed: Vec<f32>,
    /// `[4, 512, 512]`: `face_morphed_full` moved by `grid_change`.
    pub warped: Vec<f32>,
    /// `[2, 512, 512]`: where each pixel of `warped` is taken from, relative to itself, the picture being 2 wide.
    pub grid_change: Vec<f32>,
    /// `[1, 512, 512]`: how much of `posed` no single motion can show, in [0, 1].
    pub alpha: Vec<f32>,
    /// `[4, 512, 512]`: the resting picture with the pose's face.
    pub face_morphed_full: Vec<f32>,
}

impl Rig {
    /// Reads layered art from an SVG file.
    ///
    /// # Errors
    /// Every fault of the art, by the name of its group.
    pub fn open(path: &Path) -> Result<Self, RigError> {
        let what = || path.display().to_string();
        Self::new(Art::open(path)?).map_err(|faults| RigError { what: what(), faults })
    }

    /// Measures art and draws what no pose changes.
    ///
    /// # Errors
    /// Groups in which nothing can be seen, and what usvg refuses.
    pub fn new(art: Art) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut painters = Vec::new();
        for layer in &art.layers {
            match Painter::new(&art.head, layer) {
                Ok(painter) => painters.push(painter),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut rig = Self { art, painters, rest: Vec::new() };
        rig.rest = rig.still(&rig.paint(&Pose::default()), 0..IMAGE_SIZE, 0..IMAGE_SIZE);
        Ok(rig)
    }

    /// The resting picture.
    pub fn rest(&self) -> CharacterImage {
        CharacterImage { planes: colors(&self.rest) }
    }

    /// The character in a pose, with all that the losses compare. Values beyond their range are clamped.
    pub fn pose(&self, pose: &Pose) -> RigFrame {
        let pose = pose.clamped();
        let drawn = self.paint(&pose);
        let whole = 0..IMAGE_SIZE;
        let posed = compose(&self.sheets(&drawn), &Motion::new(&pose), whole.clone(), whole);
        frame(&posed, &self.still_picture(&drawn))
    }

    /// The face alone, `[4, 128, 128]` of the window at rows 80.., columns 192.. (`spec/THA4.md` §1.5).
    pub fn face(&self, pose: &Pose) -> Vec<f32> {
        let drawn = self.paint(&pose.clamped());
        let (rows, columns) = (FACE_ROW..FACE_ROW + FACE_SIZE, FACE_COLUMN..FACE_COLUMN + FACE_SIZE);
        colors(&self.still(&drawn, rows, columns))
    }

    /// The face of a pose on the resting body.
    fn still_picture(&self, drawn: &[Option<Pixels>]) -> Vec<Seen> {
        let posed = self.painters.iter().filter(|painter| painter.still().is_none()).map(|painter| painter.bounds);
        let part = posed.fold(Bounds::NOTHING, Bounds::join);
        let (rows, columns) = (part.y0 as usize..part.y1 as usize, part.x0 as usize..part.x1 as usize);
        let mut picture = self.rest.clone();
        let lines = self.still(drawn, rows.clone(), columns.clone());
        for (row, line) in rows.zip(lines.chunks(columns.len())) {
            picture[row * IMAGE_SIZE..][columns.clone()].copy_from_slice(line);
        }
        picture
    }

    /// A part of the picture without any turn.
    fn still(&self, drawn: &[Option<Pixels>], rows: Range<usize>, columns: Range<usize>) -> Vec<Seen> {
        compose(&self.sheets(drawn), &Motion::new(&Pose::default()), rows, columns)
    }

    /// Draws the layers that the pose changes; `None` for those that are drawn already.
    fn paint(&self, pose: &Pose) -> Vec<Option<Pixels>> {
        use rayon::prelude::*;
        let layers = self.art.layers.par_iter().zip(&self.painters);
        layers.map(|(layer, painter)| painter.paint(&self.art.head, layer, pose)).collect()
    }

    /// All layers, front to back.
    fn sheets<'a>(&'a self, drawn: &'a [Option<Pixels>]) -> Vec<Sheet<'a>> {
        let layers = self.art.layers.iter().zip(&self.painters).zip(drawn).rev();
        layers
            .filter_map(|((layer, painter), drawn)| {
                let pixels = drawn.as_ref().or(painter.still())?;
                Some(Sheet { pixels, follows: layer.follows, depth: layer.depth })
            })
            .collect()
    }
}

/// Contrast at which what the motion cannot show counts as painted in full.
const PAINTED: f32 = 4.0;

fn frame(posed: &[Seen], rest: &[Seen]) -> RigFrame {
    let places = (0..IMAGE_SIZE * IMAGE_SIZE).map(|i| ((i % IMAGE_SIZE) as f32 + 0.5, (i / IMAGE_SIZE) as f32 + 0.5));
    let warped: Vec<Seen> = posed
        .iter()
        .zip(places)
        .map(|(seen, (x, y))| Seen { color: compose::warp(rest, x + seen.shift[0], y + seen.shift[1]), ..*seen })
        .collect();
    let unlike = |(a, b): (&Seen, &Seen)| a.color.iter().zip(b.color).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let alpha = posed.iter().zip(&warped).map(|pair| (PAINTED * unlike(pair)).min(1.0)).collect();
    let unit = 2.0 / IMAGE_SIZE as f32;
    let shift = |axis: usize| posed.iter().map(move |seen| seen.shift[axis] * unit);
    RigFrame {
        posed: colors(posed),
        warped: colors(&warped),
        grid_change: shift(0).chain(shift(1)).collect(),
        alpha,
        face_morphed_full: colors(rest),
    }
}

/// Planes of [-1, 1] from pixels of [0, 1].
fn colors(picture: &[Seen]) -> Vec<f32> {
    (0..4).flat_map(|channel| picture.iter().map(move |seen| seen.color[channel] * 2.0 - 1.0)).collect()
}
