//! How the students are trained, as data: phases, learning rates, losses, and what is kept of the teacher's work.
//!
//! Two recipes are built in: [`REFERENCE`], exactly the seeds' (`distill/spec/distiller.md`), and [`FAST`], ours. Others
//! are files of the same fields; a file that begins `from: reference` or `from: fast` gives only what differs.

mod merge;
mod validate;

use crate::{
    files::{CONFIG_LIMIT, read, reason},
    loss::{BodyWeights, FaceWeights},
};
use merge::{merged, with_nearest};
use serde::{Deserialize, Serialize};
use serde_yaml::Value;
use std::{
    fmt,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The name of the seeds' own recipe, the default.
pub const REFERENCE: &str = "reference";

/// The name of our faster one.
pub const FAST: &str = "fast";

/// The recipes that need no file.
const BUILT_IN: [(&str, &str); 2] =
    [(REFERENCE, include_str!("../../recipes/reference.yaml")), (FAST, include_str!("../../recipes/fast.yaml"))];

/// How both students are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How many times as long all phases are, above 0 to 1000; 1 once it is read, since their ends are moved then.
    pub length: f64,
    /// The optimiser's constants.
    pub adam: AdamSettings,
    /// How often what is done.
    pub intervals: Intervals,
    /// Poses that are never trained on, 1 to 1024; the error on them is what training is judged by.
    pub held_out_poses: usize,
    /// A term beside the original's; `None`: there is none.
    pub perceptual: Option<Perceptual>,
    /// How the face morpher is trained.
    pub face: StudentRecipe<Vec<usize>, FaceWeights>,
    /// How the body morpher is trained.
    pub body: StudentRecipe<[Vec<usize>; 3], BodyWeights>,
}

/// The [perceptual loss](crate::perceptual), for those who have the weights of its network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perceptual {
    /// The file of torchvision's `vgg16`, relative to the working folder.
    pub weights: PathBuf,
    /// How much it counts for the face, 0 or more.
    pub face: f32,
    /// How much it counts for the body, 0 or more.
    pub body: f32,
}

/// Adam's constants; the learning rate is each phase's own.
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

/// Numbers of examples, at least 1, after whose multiples something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intervals {
    /// A snapshot to resume from; at most so much is lost.
    pub snapshot: u64,
    /// A checkpoint that is kept for good.
    pub checkpoint: u64,
    /// The error on the held-out poses.
    pub held_out: u64,
}

/// How one student is trained. `N` describes its network, `L` weighs its losses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudentRecipe<N, L> {
    /// Outputs of the sine layers.
    pub network: N,
    /// Where the first weights of a position are within, above 0 to 4, on the first grid, twice that on the next, and so
    /// on; `None`: as the reference draws them. See [`Init::new`](crate::student::Init::new).
    pub first_position: Option<f64>,
    /// Examples a step, 1 to 1024; `None`: what the configuration says.
    pub batch: Option<usize>,
    /// What is kept of the teacher's pictures; `None`: each is learnt from once.
    pub replay: Option<Replay>,
    /// At least one; each begins where the one before it ends.
    pub phases: Vec<Phase<L>>,
}

/// The teacher's pictures kept on the device, to be learnt from several times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Pictures kept, or fewer where the device's memory holds no more; the oldest makes place for the newest. A multiple
    /// of `teacher_batch`.
    pub pictures: usize,
    /// Pictures that the teacher paints at once.
    pub teacher_batch: usize,
    /// Pictures painted before the first step, at least `teacher_batch`, a multiple of it, at most `pictures`.
    pub fill: usize,
    /// Steps of the student between two batches of the teacher's.
    pub steps: u64,
    /// Edge of random square patches in pixels, a multiple of 4; `None`: whole pictures.
    pub patch: Option<usize>,
    /// Different places of patches a step, 1 to the batch; each is that of an equal share of the examples.
    pub places: usize,
    /// Share of the patches, 0 to 1, that lie around a random pixel of the character, or, of the face, of eyes and mouth.
    pub focus: f32,
    /// Numbers that the pictures are kept in; a device that has no such numbers keeps them in `f32`.
    pub precision: Precision,
}

/// A format of numbers.
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

/// A stretch of the training with one learning rate and one weighing of the losses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase<L> {
    /// Examples seen at its end, from the training's beginning.
    pub until: u64,
    /// Adam's step size.
    pub learning_rate: f64,
    /// The weight of each term of the loss.
    pub losses: L,
}

/// Why a recipe cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// Neither a built-in recipe's name nor a file that can be read.
    #[error("is no recipe: {0}")]
    File(String),
    /// Not YAML, or not a recipe's fields.
    #[error("is not a recipe: {0}")]
    Fields(String),
    /// It builds upon a recipe that there is not.
    #[error("builds upon the recipe `{}`; built in are `{REFERENCE}` and `{FAST}`", .0.escape_debug())]
    From(String),
    /// Values that no training can have.
    #[error("{}", .0.join("; "))]
    Values(Vec<String>),
}

/// The recipe called `name`: a built-in one, or a file, relative to `folder`.
///
/// # Errors
/// [`RecipeError`] when there is no such recipe, or it cannot be used.
pub fn open(name: &Path, folder: &Path) -> Result<Recipe, RecipeError> {
    if let Some(recipe) = name.to_str().and_then(Recipe::built_in) {
        return Ok(recipe);
    }
    let bytes = read(&folder.join(name), CONFIG_LIMIT).map_err(|error| RecipeError::File(reason(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| RecipeError::File("is not UTF-8 text".to_owned()))?;
    Recipe::parse(&text)
}

impl Recipe {
    /// The built-in recipe of this name.
    pub fn built_in(name: &str) -> Option<Self> {
        let text = BUILT_IN.iter().find(|(known, _)| *known == name)?.1;
        Some(Self::parse(text).expect("the built-in recipes are tested"))
    }

    /// Reads a recipe's YAML.
    ///
    /// # Errors
    /// [`RecipeError`]: an unknown field with the nearest known one, or everything out of its range.
    pub fn parse(text: &str) -> Result<Self, RecipeError> {
        let recipe: Self = serde_yaml::from_value(with_base(text)?)
            .map_err(|error| RecipeError::Fields(with_nearest(&error.to_string())))?;
        let wrong = recipe.problems();
        if wrong.is_empty() { Ok(recipe.stretched()) } else { Err(RecipeError::Values(wrong)) }
    }

    /// With all phases as long as it wishes, each with an example at least.
    fn stretched(mut self) -> Self {
        self.face.stretch(self.length);
        self.body.stretch(self.length);
        Self { length: 1.0, ..self }
    }
}

/// A recipe's fields, over those of the built-in recipe that it is `from`, if it is.
fn with_base(text: &str) -> Result<Value, RecipeError> {
    let mut value: Value = serde_yaml::from_str(text).map_err(|error| RecipeError::Fields(error.to_string()))?;
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

    /// Examples of the whole training.
    pub fn examples(&self) -> u64 {
        self.phases.last().map_or(0, |phase| phase.until)
    }

    /// Index of the phase after `seen` examples; the last one's when all are done. A phase's beginning belongs to it.
    pub fn phase(&self, seen: u64) -> usize {
        let index = self.phases.partition_point(|phase| phase.until <= seen);
        index.min(self.phases.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reference() -> Recipe {
        Recipe::built_in(REFERENCE).expect("built in")
    }

    /// `distill/spec/distiller.md`, written out once more.
    #[test]
    fn the_reference_is_the_seeds() {
        let recipe = reference();
        let rates = |seen| recipe.face.phases[recipe.face.phase(seen)].learning_rate;
        for (seen, rate) in [
            (0, 1e-4),
            (199_999, 1e-4),
            (200_000, 1e-4 / 3.0),
            (499_999, 1e-4 / 3.0),
            (500_000, 1e-5),
            (800_000, 1e-4 / 30.0),
            (2_000_000, 1e-4 / 30.0),
        ] {
            assert!((rates(seen) / rate - 1.0).abs() < 1e-12, "{seen}");
        }
        assert_eq!((recipe.face.examples(), recipe.body.examples()), (1_000_000, 1_500_000));
        let phase = |seen| {
            let BodyWeights { blended, warped, grid_change, color_change } =
                recipe.body.phases[recipe.body.phase(seen)].losses;
            let rate = recipe.body.phases[recipe.body.phase(seen)].learning_rate;
            (recipe.body.phase(seen), rate, [blended, warped, grid_change, color_change])
        };
        assert_eq!(phase(0), (0, 1e-4, [0.25, 0.25, 0.5, 2.0]));
        assert_eq!(phase(200_000), (1, 3e-5, [0.25, 0.25, 0.5, 2.0]));
        assert_eq!(phase(400_000), (2, 3e-5, [1.0, 2.5, 5.0, 1.0]));
        assert_eq!(phase(600_000), (3, 1e-5, [1.0, 2.5, 5.0, 1.0]));
        assert_eq!(phase(800_000), (4, 1e-5, [10.0, 1.0, 1.0, 1.0]));
        assert_eq!(phase(1_300_000), (5, 3e-6, [10.0, 1.0, 1.0, 1.0]));
        assert_eq!(recipe.perceptual, None);
        assert_eq!((recipe.face.batch, recipe.face.replay, recipe.body.replay), (None, None, None));
        let AdamSettings { beta_1, beta_2, epsilon } = recipe.adam;
        assert_eq!((beta_1, beta_2, epsilon), (0.9, 0.999, 1e-8));
        assert_eq!((recipe.intervals.snapshot, recipe.intervals.checkpoint), (10_000, 100_000));
    }

    #[test]
    fn the_fast_recipe_trains_the_same_students() {
        let fast = Recipe::built_in(FAST).expect("built in");
        assert!(fast.face.replay.is_some() && fast.body.replay.is_some());
        assert_eq!((fast.face.network, fast.body.network), (reference().face.network, reference().body.network));
    }

    #[test]
    fn a_recipe_says_only_what_differs() {
        let text = "from: fast\nbody: {batch: 2, replay: {steps: 3}}\nface: {replay: null}\n";
        let (recipe, fast) = (Recipe::parse(text).expect("a recipe"), Recipe::built_in(FAST).expect("built in"));
        let replay = fast.body.replay.map(|replay| Replay { steps: 3, ..replay });
        assert_eq!((recipe.body.batch, recipe.body.replay, recipe.face.replay), (Some(2), replay, None));
        assert_eq!(recipe.body.phases, fast.body.phases);
    }

    #[test]
    fn a_recipe_is_stretched_as_a_whole() {
        let ends = |text: &str| {
            let Recipe { length, face, body, .. } = Recipe::parse(text).expect("a recipe");
            let [face, body] = [
                face.phases.iter().map(|it| it.until).collect(),
                body.phases.iter().map(|it| it.until).collect::<Vec<_>>(),
            ];
            (length, face, body)
        };
        let (face, body) = (vec![48_000, 66_000, 80_000, 85_008], vec![11_000, 16_000, 20_000, 21_000]);
        let times = |ends: &[u64], length: f64| ends.iter().map(|end| (*end as f64 * length) as u64).collect();
        assert_eq!(ends("from: fast"), (1.0, face.clone(), body.clone()));
        assert_eq!(ends("from: fast\nlength: 10"), (1.0, times(&face, 10.0), times(&body, 10.0)));
        assert_eq!(ends("from: fast\nlength: 0.5"), (1.0, times(&face, 0.5), times(&body, 0.5)));
        assert_eq!(ends("from: fast\nlength: 1.0e-9").1, [1, 2, 3, 4], "no phase vanishes");
    }

    #[test]
    fn what_is_wrong_is_named_with_the_nearest_known_field() {
        for (text, part) in [
            ("from: fast\nintervls: {}", "did you mean `intervals`?"),
            ("from: fast\nbody: {replay: {stepps: 3}}", "did you mean `steps`?"),
            ("from: fast\nbody: {replay: {precision: fp16}}", "did you mean `f16`?"),
            ("from: fats", "builds upon the recipe `fats`"),
            ("from: [1]", "builds upon the recipe"),
            ("adam: {}", "missing field"),
            ("- 1", "is not a recipe"),
            ("a: [", "is not a recipe"),
        ] {
            let message = Recipe::parse(text).expect_err(text).to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn a_recipe_survives_being_written() {
        for (name, _) in BUILT_IN {
            let recipe = Recipe::built_in(name).expect("built in");
            let text = serde_yaml::to_string(&recipe).expect("written");
            assert_eq!(Recipe::parse(&text).expect("read"), recipe);
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_recipe_or_a_reason(field in "[a-z_]{0,12}", value in ".{0,20}") {
            for text in [value.clone(), format!("from: fast\n{field}: {value}"), format!("from: fast\nface: {{{field}: {value}}}")] {
                if let Err(error) = Recipe::parse(&text) {
                    prop_assert!(!error.to_string().is_empty());
                }
            }
        }
    }
}
