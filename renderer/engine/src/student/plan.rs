//! The student's layers after the exact rewrites of `core/spec/student.md`, as both engines run them.
//!
//! A student is four [`Stage`]s: the face, and the body's three levels. Each is evaluated on a square grid:
//!
//! ```text
//! a = entry.x * x + entry.y * y + bias(pose) [+ the level below, upsampled bilinearly]
//! h = sin(2π a);  h = sin(2π (W h + b)) for each hidden layer;  out = W h + b of the exit
//! ```
//!
//! 1. The pose is constant over a frame, so its part of a stage's first layer is one bias vector, folded once a frame.
//! 2. A linear layer commutes with bilinear upsampling, so the features' part of levels 1 and 2's first layers is the
//!    *exit* of the level below, at its lower resolution.
//! 3. The 30 of `sin(30 (W x + b))` and the 1/2π of [`sine`](crate::sine)'s turns are folded into weights and biases.

use super::Grids;
use crate::View;
use bunraku_core::{
    character::{BodyMorpher, CharacterModel, FACE_SIZE, FaceMorpher, Linear},
    pose::{FACE_POSE_LEN, POSE_LEN, Pose},
};

/// ω of the student's sine layers, `sin(ω (W x + b))` (`core/spec/student.md`).
const OMEGA: f64 = 30.0;

/// ω in turns: folded into every layer that a sine follows.
const TURNS: f64 = OMEGA / std::f64::consts::TAU;

/// Channels of the body's output: grid change x, y; alpha; colour change RGBA.
pub(super) const BODY_CHANNELS: usize = 7;

/// Channels of the face's output, those of the picture.
pub(super) const FACE_CHANNELS: usize = 4;

/// The sum before a stage's first sine, except for the features of the level below. All vectors have the stage's width.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Factor of the position's x, in [-1, 1] from left to right.
    pub x: Vec<f32>,
    /// Factor of the position's y, in [-1, 1] from top to bottom.
    pub y: Vec<f32>,
    /// `[width, pose values]`, row-major.
    pose: Vec<f32>,
    bias: Vec<f32>,
}

impl Entry {
    /// Takes the columns of a first layer whose inputs are `below` features, x, y and the pose; turns folded in.
    fn new(layer: &Linear, below: usize) -> Self {
        let column = |index: usize| {
            layer.weight.chunks_exact(layer.inputs).map(move |row| fold(row[below + index])).collect::<Vec<_>>()
        };
        let pose = layer.weight.chunks_exact(layer.inputs).flat_map(|row| &row[below + 2..]).map(|&w| fold(w));
        Self { x: column(0), y: column(1), pose: pose.collect(), bias: layer.bias.iter().map(|&b| fold(b)).collect() }
    }

    /// Number of channels.
    pub fn width(&self) -> usize {
        self.bias.len()
    }

    /// The frame's bias: the layer's own and the pose's part. `out` has the entry's width. Allocates nothing.
    pub fn fold_pose(&self, pose: &Pose, out: &mut [f32]) {
        let count = self.pose.len() / self.bias.len();
        for ((out, &bias), row) in out.iter_mut().zip(&self.bias).zip(self.pose.chunks_exact(count)) {
            let sum: f64 = row.iter().zip(&pose.0).map(|(&w, &p)| f64::from(w) * f64::from(p)).sum();
            *out = (f64::from(bias) + sum) as f32;
        }
    }
}

/// One network or level, ready to be evaluated at any number of positions.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The sum before the first sine.
    pub entry: Entry,
    /// The layers between the first sine and the exit, each followed by a sine; turns folded in.
    pub hidden: Vec<Linear>,
    /// The last layer, which no sine follows: a network's output, or the next level's features (turns folded in).
    pub exit: Linear,
}

impl Stage {
    /// Multiply-adds at one position, without the entry's upsampling.
    pub fn multiply_adds(&self) -> usize {
        let layers = self.hidden.iter().chain([&self.exit]);
        2 * self.entry.width() + layers.map(|layer| layer.inputs * layer.outputs).sum::<usize>()
    }

    /// The most channels between two of its layers.
    pub fn width(&self) -> usize {
        let layers = self.hidden.iter().chain([&self.exit]);
        layers.map(|layer| layer.inputs.max(layer.outputs)).fold(self.entry.width(), usize::max)
    }
}

/// A student, ready to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Repaints the face window; 4 channels out, those of the picture.
    pub face: Stage,
    /// The body's levels; the last has 7 channels out: grid change x, y; alpha; colour change RGBA.
    pub levels: [Stage; 3],
}

impl Plan {
    /// The plan of a character's student.
    pub fn new(character: &CharacterModel) -> Self {
        Self { face: face_stage(&character.face), levels: body_stages(&character.body) }
    }

    /// Multiply-adds of one frame in which nothing is skipped (13.8 G for the standard student at 512).
    pub fn multiply_adds(&self, view: View) -> usize {
        self.multiply_adds_on(Grids::new(view))
    }

    /// Multiply-adds of one frame on all positions of these grids.
    pub(super) fn multiply_adds_on(&self, grids: Grids) -> usize {
        let levels = self.levels.iter().zip(grids.levels);
        FACE_SIZE * FACE_SIZE * self.face.multiply_adds()
            + levels.map(|(stage, edge)| edge * edge * stage.multiply_adds()).sum::<usize>()
    }
}

fn fold(weight: f32) -> f32 {
    (f64::from(weight) * TURNS) as f32
}

fn folded(layer: &Linear) -> Linear {
    Linear {
        weight: layer.weight.iter().map(|&w| fold(w)).collect(),
        bias: layer.bias.iter().map(|&b| fold(b)).collect(),
        ..*layer
    }
}

/// The features' part of a level's first layer, without bias: the exit of the level below.
fn features_part(layer: &Linear) -> Linear {
    let inputs = layer.inputs - 2 - POSE_LEN;
    let weight = layer.weight.chunks_exact(layer.inputs).flat_map(|row| &row[..inputs]).map(|&w| fold(w)).collect();
    Linear { inputs, outputs: layer.outputs, weight, bias: vec![0.0; layer.outputs] }
}

fn stage(sine: &[Linear], pose_values: usize, exit: Linear) -> Stage {
    let below = sine[0].inputs - 2 - pose_values;
    Stage { entry: Entry::new(&sine[0], below), hidden: sine[1..].iter().map(folded).collect(), exit }
}

fn face_stage(face: &FaceMorpher) -> Stage {
    stage(&face.sine, FACE_POSE_LEN, face.last.clone())
}

fn body_stages(body: &BodyMorpher) -> [Stage; 3] {
    let [first, second, third] = &body.levels;
    [
        stage(first, POSE_LEN, features_part(&second[0])),
        stage(second, POSE_LEN, features_part(&third[0])),
        stage(third, POSE_LEN, body.last.clone()),
    ]
}
