//! Recipes: how the students are trained, as data. Phases, learning rates, losses, and the replay buffer.
//!
//! Two recipes are built in: [`REFERENCE`], exactly the original's (`distill/spec/distiller.md`), and [`FAST`], ours.
//! Others are files with the same fields; a file that starts with `from: reference` or `from: fast` contains only the
//! differences.

mod merge;
mod validate;

use crate::{
    files::{CONFIG_LIMIT, read, reason},
    loss::{BodyWeights, FaceWeights},
};
use bunraku_core::yaml::{self, Value, with_nearest};
use merge::merged;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The name of the original's recipe, the default.
pub const REFERENCE: &str = "reference";

/// The name of our faster recipe.
pub const FAST: &str = "fast";

/// The built-in recipes.
const BUILT_IN: [(&str, &str); 2] =
    [(REFERENCE, include_str!("../../recipes/reference.yaml")), (FAST, include_str!("../../recipes/fast.yaml"))];

/// How both students are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The factor by which all phases are lengthened, above 0 and at most 1000. It is applied on reading, and 1
    /// afterwards.
    pub length: f64,
    /// The optimiser's constants.
    pub adam: AdamSettings,
    /// How often to save and to measure.
    pub intervals: Intervals,
    /// The number of held-out poses, 1 to 1024; training is judged by the error on them.
    pub held_out_poses: usize,
    /// An additional loss term; `None` for none.
    pub perceptual: Option<Perceptual>,
    /// How the face morpher is trained.
    pub face: StudentRecipe<Vec<usize>, FaceWeights>,
    /// How the body morpher is trained.
    pub body: StudentRecipe<[Vec<usize>; 3], BodyWeights>,
}

/// The [perceptual loss](crate::perceptual), which needs the weights of its network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perceptual {
    /// The file of torchvision's `vgg16`, relative to the working folder.
    pub weights: PathBuf,
    /// Its weight for the face, 0 or more.
    pub face: f32,
    /// Its weight for the body, 0 or more.
    pub body: f32,
}

/// Adam's constants; each phase sets its own learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamSettings {
    /// Decay of the mean gradient, 0 to 1.
    pub beta_1: f32,
    /// Decay of the mean squared gradient, 0 to 1.
    pub beta_2: f32,
    /// Added to the root of the latter, above 0.
    pub epsilon: f32,
}

/// Intervals in examples, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intervals {
    /// Between rolling checkpoints, to resume from; an interruption loses at most this much.
    pub snapshot: u64,
    /// Between permanent checkpoints.
    pub checkpoint: u64,
    /// Between measurements of the error on the held-out poses.
    pub held_out: u64,
}

/// How one student is trained. `N` describes its network, `L` the weights of its loss terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudentRecipe<N, L> {
    /// Outputs of the sine layers.
    pub network: N,
    /// The bound of a position's first weights on the first grid, above 0 and at most 4; it doubles on each finer grid.
    /// `None` initialises them as the reference does. See [`Init::new`](crate::student::Init::new).
    pub first_position: Option<f64>,
    /// Examples a step, 1 to 1024; `None` takes the configuration's.
    pub batch: Option<usize>,
    /// The replay buffer; `None` uses each picture once.
    pub replay: Option<Replay>,
    /// At least one; each starts where the one before it ends.
    pub phases: Vec<Phase<L>>,
}

/// The replay buffer: the teacher's pictures, kept on the device and used several times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Pictures to keep, or fewer if the device's memory holds no more; the newest replace the oldest. A multiple of
    /// `teacher_batch`.
    pub pictures: usize,
    /// Pictures that the teacher renders at once.
    pub teacher_batch: usize,
    /// Pictures rendered before the first step: a multiple of `teacher_batch`, at most `pictures`.
    pub fill: usize,
    /// The student's steps between two batches of the teacher.
    pub steps: u64,
    /// The edge of random square patches in pixels, a multiple of 4; `None` for whole pictures.
    pub patch: Option<usize>,
    /// Different patch positions a step, 1 to the batch; each serves an equal share of the examples.
    pub places: usize,
    /// The share of patches, 0 to 1, centred on a random pixel of the character (for the face: of eyes and mouth).
    pub focus: f32,
    /// The number format of the pictures; a device without it uses `f32`.
    pub precision: Precision,
}

/// A number format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of binary32.
    Bf16,
}

impl Precision {
    /// Bytes of a number.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        })
    }
}

/// A phase of the training, with one learning rate and one set of loss weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase<L> {
    /// The examples seen at its end, counted from the start of the training.
    pub until: u64,
    /// Adam's step size.
    pub learning_rate: f64,
    /// The weight of each loss term.
    pub losses: L,
}

/// Why a recipe cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// Neither a built-in recipe's name nor a readable file.
    #[error("is neither a built-in recipe nor a readable file: {0}")]
    File(String),
    /// Not YAML, or other fields than a recipe's.
    #[error("is not a recipe: {0}")]
    Fields(String),
    /// It builds on an unknown recipe.
    #[error("builds on the unknown recipe `{}`; use `{REFERENCE}` or `{FAST}`", .0.escape_debug())]
    From(String),
    /// Values out of range.
    #[error("{}", .0.join("; "))]
    Values(Vec<String>),
}

/// The recipe `name`: a built-in one, or a file relative to `folder`.
///
/// # Errors
/// [`RecipeError`].
pub fn open(name: &Path, folder: &Path) -> Result<Recipe, RecipeError> {
    if let Some(recipe) = name.to_str().and_then(Recipe::built_in) {
        return Ok(recipe);
    }
    let bytes = read(&folder.join(name), CONFIG_LIMIT).map_err(|error| RecipeError::File(reason(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| RecipeError::File("is not UTF-8 text".to_owned()))?;
    Recipe::parse(&text)
}

impl Recipe {
    /// The built-in recipe with this name.
    pub fn built_in(name: &str) -> Option<Self> {
        let text = BUILT_IN.iter().find(|(known, _)| *known == name)?.1;
        Some(Self::parse(text).expect("the built-in recipes are tested"))
    }

    /// Reads a recipe's YAML.
    ///
    /// # Errors
    /// [`RecipeError`]: an unknown field with the nearest known one, or all values out of range.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        let recipe: Self = yaml::from_value(with_base(text)?)
            .map_err(|error| RecipeError::Fields(with_nearest(&error.to_string())))?;
        let wrong = recipe.problems();
        if wrong.is_empty() { Ok(recipe.stretched()) } else { Err(RecipeError::Values(wrong)) }
    }

    /// Applies `length` to all phases; each keeps at least one example.
    fn stretched(mut self) -> Self {
        self.face.stretch(self.length);
        self.body.stretch(self.length);
        Self { length: 1.0, ..self }
    }
}

/// A recipe's fields, merged over those of the built-in recipe it names in `from`.
fn with_base(text: &str) -> Result<Value, RecipeError> {
    let mut value: Value = yaml::from_str(text).map_err(|error| RecipeError::Fields(error.to_string()))?;
    let Some(from) = value.as_mapping_mut().and_then(|fields| fields.remove("from")) else { return Ok(value) };
    let base = BUILT_IN.iter().find(|(name, _)| from.as_str() == Some(name));
    let (_, base) = base.ok_or_else(|| RecipeError::From(from.as_str().unwrap_or("?").to_owned()))?;
    Ok(merged(with_base(base)?, value))
}

impl<N, L: Copy> StudentRecipe<N, L> {
    fn stretch(&mut self, length: f64) {
        let mut before = 0;
        for phase in &mut self.phases {
            phase.until = ((phase.until as f64 * length).round() as u64).max(before + 1);
            before = phase.until;
        }
    }

    /// The examples of the whole training.
    pub fn examples(&self) -> u64 {
        self.phases.last().map_or(0, |phase| phase.until)
    }

    /// The index of the phase after `seen` examples; the last one after all of them. A phase includes its start.
    pub fn phase(&self, seen: u64) -> usize {
        let index = self.phases.partition_point(|phase| phase.until <= seen);
        index.min(self.phases.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests;
