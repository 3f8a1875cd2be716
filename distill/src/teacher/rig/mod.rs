//! The rig teacher: layered art instead of a heavy network.
//!
//! An SVG file with named groups is a character that can be posed exactly, without downloaded weights. The face's
//! parameters are drawn: each has shapes that paths morph into ([`Art`]). The head's and body's are smooth turns with a
//! depth for each group (`motion`). `README.md` beside this file explains how to layer art.

#![expect(clippy::inline_always, reason = "a function called for each pixel of a row must be inlined to be vectorised")]

mod art;
mod compose;
mod error;
mod frame;
mod keys;
mod layer;
mod motion;
mod portrait;
mod raster;
mod shape;
mod teacher;

pub use art::{Art, LIMIT, REQUIRED};
pub use error::{Fault, RigError};
pub use portrait::{Portrait, png};
pub use teacher::RigTeacher;

use bunraku_core::{
    character::{CharacterImage, FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE},
    pose::Pose,
};
use compose::{PosedLayer, Scanline};
use motion::Motion;
use raster::{Bounds, LayerRasterizer, Pixels};
use rayon::prelude::*;
use std::{borrow::Cow, ops::Range, path::Path};

/// A poseable character: art with its measurements, and its resting picture.
#[derive(Debug)]
pub struct Rig {
    art: Art,
    rasterizers: Vec<LayerRasterizer>,
    /// The resting picture; a pose's face changes only a part of it.
    rest: Vec<[f32; 4]>,
}

/// One posed picture, planar, `IMAGE_SIZE` squared; colours as [`CharacterImage`] has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RigFrame {
    /// `[4, 512, 512]`: the character in the pose.
    pub posed: Vec<f32>,
    /// `[4, 512, 512]`: `face_morphed_full` warped by `grid_change`.
    pub warped: Vec<f32>,
    /// `[2, 512, 512]`: where each pixel of `warped` is sampled, relative to itself; the picture is 2 wide.
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
    /// All faults of the art, by the name of their group.
    pub fn open(path: &Path) -> Result<Self, RigError> {
        let what = || path.display().to_string();
        Self::new(Art::open(path)?).map_err(|faults| RigError { what: what(), faults })
    }

    /// Measures art and draws it at rest.
    ///
    /// # Errors
    /// Groups without anything visible, and SVG that usvg rejects.
    pub fn new(art: Art) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut rasterizers = Vec::new();
        for layer in &art.layers {
            match LayerRasterizer::new(&art.head, layer) {
                Ok(rasterizer) => rasterizers.push(rasterizer),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut rig = Self { art, rasterizers, rest: vec![[0.0; 4]; IMAGE_SIZE * IMAGE_SIZE] };
        rig.rest = rig.still(&rig.paint(&Pose::default()), &(0..IMAGE_SIZE), &(0..IMAGE_SIZE));
        Ok(rig)
    }

    /// The SHA-256 of the art's text, in hexadecimal digits.
    fn sha256(&self) -> &str {
        &self.art.sha256
    }

    /// The resting picture.
    pub fn rest(&self) -> CharacterImage {
        CharacterImage { planes: planes(&self.rest) }
    }

    /// The character in a pose, with everything that the losses compare. Values out of range are clamped.
    pub fn pose(&self, pose: &Pose) -> RigFrame {
        let pose = pose.clamped();
        let drawn = self.paint(&pose);
        let motion = Motion::new(&pose);
        frame::frame(&self.posed_layers(&drawn, &motion), &motion, &self.still_picture(&drawn))
    }

    /// The face alone, `[4, 128, 128]` of the window at rows 80.., columns 192.. (`core/spec/images.md`).
    pub fn face(&self, pose: &Pose) -> Vec<f32> {
        let drawn = self.paint(&pose.clamped());
        let (rows, columns) = (FACE_ROW..FACE_ROW + FACE_SIZE, FACE_COLUMN..FACE_COLUMN + FACE_SIZE);
        planes(&self.still(&drawn, &rows, &columns))
    }

    /// The face of a pose on the resting body.
    fn still_picture(&self, drawn: &[Cow<'_, Pixels>]) -> Vec<[f32; 4]> {
        let mut picture = self.rest.clone();
        let posed = self.rasterizers.iter().zip(drawn).filter(|(_, drawn)| matches!(drawn, Cow::Owned(_)));
        let part = posed.map(|(rasterizer, _)| rasterizer.bounds).fold(Bounds::NOTHING, Bounds::join);
        if !part.is_empty() {
            let (rows, columns) = (part.y0 as usize..part.y1 as usize, part.x0 as usize..part.x1 as usize);
            let lines = self.still(drawn, &rows, &columns);
            for (row, line) in rows.zip(lines.chunks(columns.len())) {
                picture[row * IMAGE_SIZE..][columns.clone()].copy_from_slice(line);
            }
        }
        picture
    }

    /// A part of the picture without any rotation.
    fn still(&self, drawn: &[Cow<'_, Pixels>], rows: &Range<usize>, columns: &Range<usize>) -> Vec<[f32; 4]> {
        let motion = Motion::new(&Pose::default());
        let posed_layers = self.posed_layers(drawn, &motion);
        let mut out = vec![[0.0; 4]; rows.len() * columns.len()];
        let lines = out.par_chunks_mut(columns.len()).zip(rows.clone().into_par_iter());
        lines.for_each_init(Scanline::new, |line, (out, row)| {
            line.compose(&posed_layers, &motion, row, columns);
            out.copy_from_slice(&line.color[..columns.len()]);
        });
        out
    }

    /// The layers' pixels in a pose: drawn now, or the resting ones if the pose does not change them.
    fn paint(&self, pose: &Pose) -> Vec<Cow<'_, Pixels>> {
        let layers = self.art.layers.par_iter().zip(&self.rasterizers);
        layers.map(|(layer, rasterizer)| rasterizer.paint(&self.art.head, layer, pose)).collect()
    }

    /// All layers moved by `motion`, front to back.
    fn posed_layers<'a>(&self, drawn: &'a [Cow<'_, Pixels>], motion: &Motion) -> Vec<PosedLayer<'a>> {
        let layers = self.art.layers.iter().zip(drawn).rev();
        layers.map(|(layer, drawn)| PosedLayer::new(drawn, layer.follows, layer.depth, motion)).collect()
    }
}

/// Planes of [-1, 1] from pixels of [0, 1].
fn planes(picture: &[[f32; 4]]) -> Vec<f32> {
    (0..4).flat_map(|channel| picture.iter().map(move |color| color[channel] * 2.0 - 1.0)).collect()
}
