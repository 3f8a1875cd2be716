//! The distiller's `config.yaml`, field for field as THA4 has it (`spec/THA4.md` §9.1), with a few optional fields of ours.

use crate::{backend::Accelerator, recipe::REFERENCE};
use bunraku_core::suggest;
use serde_yaml::{Mapping, Value};
use std::{
    fmt,
    ops::RangeInclusive,
    path::{Component, Path, PathBuf},
};
use thiserror::Error;

/// Every field: those of `spec/THA4.md` §9.1 in its order, then ours.
pub const FIELDS: [&str; 17] = [
    PREFIX,
    CHARACTER_IMAGE,
    FACE_MASK,
    "face_morpher_random_seed_0",
    "face_morpher_random_seed_1",
    "face_morpher_num_training_examples_per_sample_output",
    "face_morpher_batch_size",
    "body_morpher_random_seed_0",
    "body_morpher_random_seed_1",
    "body_morpher_num_training_examples_per_sample_output",
    "body_morpher_batch_size",
    NUM_CPU_WORKERS,
    NUM_GPUS,
    RECIPE,
    TEACHER,
    POSE_DATASET,
    BACKEND,
];

pub(crate) const PREFIX: &str = "prefix";
pub(crate) const CHARACTER_IMAGE: &str = "character_image_file_name";
pub(crate) const FACE_MASK: &str = "face_mask_image_file_name";
const NUM_CPU_WORKERS: &str = "num_cpu_workers";
const NUM_GPUS: &str = "num_gpus";
pub(crate) const RECIPE: &str = "recipe";
pub(crate) const TEACHER: &str = "teacher";
pub(crate) const POSE_DATASET: &str = "pose_dataset";
const BACKEND: &str = "backend";

/// Where the original has its teacher's networks and its poses.
/// The teacher where none is named: the folder of THA4's weights.
pub const DEFAULT_TEACHER: &str = "data/tha4";
const DEFAULT_POSE_DATASET: &str = "data/pose_dataset.pt";

/// How many examples may lie between two sample outputs; `null` makes none.
const SAMPLE_OUTPUT_INTERVALS: [u64; 3] = [10_000, 100_000, 1_000_000];

/// The seeds, where the configuration does not give them.
const FACE_SEEDS: [u64; 2] = [12_771_885_812_175_595_441, 14_367_217_090_963_479_175];
const BODY_SEEDS: [u64; 2] = [2_892_221_210_020_292_507, 9_998_918_537_095_922_080];

/// What to distil and how. Paths are relative to the working folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistillerConfig {
    /// The folder that takes everything the training writes.
    pub prefix: PathBuf,
    /// The character's picture: a PNG of 512 x 512 pixels with transparency.
    pub character_image: PathBuf,
    /// The face mask: a PNG of 512 x 512 RGB pixels, each channel 0 or 255; where red is 255, errors weigh more.
    pub face_mask: PathBuf,
    /// How the face morpher is trained.
    pub face: MorpherTraining,
    /// How the body morpher is trained.
    pub body: MorpherTraining,
    /// Processes that prepare examples, 1 or more.
    pub num_cpu_workers: u64,
    /// GPUs that train, 1 or more.
    pub num_gpus: u64,
    /// How it is trained: the name of a [built-in recipe](crate::recipe::Recipe::built_in), or a recipe's file. Ours.
    pub recipe: PathBuf,
    /// The folder with the THA4 teacher's networks. Ours; the original's are in `data/tha4`.
    pub teacher: PathBuf,
    /// The poses to train on. Ours; the original's are in `data/pose_dataset.pt`.
    pub pose_dataset: PathBuf,
    /// On what it is trained. Ours.
    pub backend: Accelerator,
}

/// How one of the two networks is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MorpherTraining {
    /// The second decides the initial weights and the examples of the sample outputs (`spec/THA4.md` §9.5).
    pub random_seeds: [u64; 2],
    /// Examples between two sample outputs, or none of these.
    pub examples_per_sample_output: Option<u64>,
    /// Examples a step, 1 to 8.
    pub batch_size: u64,
}

/// The paths, as far as they could be read from a configuration that is otherwise wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigPaths {
    /// The field `prefix`.
    pub prefix: Option<PathBuf>,
    /// The field `character_image_file_name`.
    pub character_image: Option<PathBuf>,
    /// The field `face_mask_image_file_name`.
    pub face_mask: Option<PathBuf>,
    /// The field `recipe`, or its default.
    pub recipe: Option<PathBuf>,
    /// The field `teacher`, or its default.
    pub teacher: Option<PathBuf>,
    /// The field `pose_dataset`, or its default.
    pub pose_dataset: Option<PathBuf>,
}

/// A configuration that cannot be used, with everything that is wrong with it.
#[derive(Debug)]
pub struct InvalidConfig {
    /// All that is wrong; at least one.
    pub errors: Vec<ConfigError>,
    /// What it says of files, so that these can be looked at all the same.
    pub paths: Box<ConfigPaths>,
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        f.write_str(&errors.join("; "))
    }
}

impl std::error::Error for InvalidConfig {}

/// One thing wrong with a configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not YAML at all.
    #[error("is not valid YAML: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// YAML, but not fields with values.
    #[error("does not hold `field: value` lines")]
    NotAMap,
    /// A field that the distiller does not have.
    #[error("has the unknown field `{}`{}", field.escape_debug(), suggestion(*nearest))]
    Unknown {
        /// The field.
        field: String,
        /// The known field it may be meant to be.
        nearest: Option<&'static str>,
    },
    /// One of the three fields without a default is not there.
    #[error("lacks the field `{0}`")]
    Missing(&'static str),
    /// A value that the field cannot have.
    #[error("the field `{field}` must be {wanted}, not {}", shown(value))]
    Value {
        /// The field.
        field: &'static str,
        /// What it can be.
        wanted: Wanted,
        /// What it is.
        value: Value,
    },
    /// A relative path that climbs out of the working folder.
    #[error("the field `{field}` leads out of the working folder: {}", path.display())]
    Escapes {
        /// The field.
        field: &'static str,
        /// The path it gives.
        path: PathBuf,
    },
}

impl ConfigError {
    /// What the user can do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Yaml(_) | Self::NotAMap => format!("write one `field: value` a line; the fields are {}", list()),
            Self::Unknown { nearest: Some(known), .. } => format!("write `{known}`, or leave the line out"),
            Self::Unknown { nearest: None, .. } => format!("leave the line out; the fields are {}", list()),
            Self::Missing(field) => format!("add a line `{field}: …`, a path relative to the working folder"),
            Self::Value { field, .. }
                if [PREFIX, CHARACTER_IMAGE, FACE_MASK, RECIPE, TEACHER, POSE_DATASET].contains(field) =>
            {
                "give a path, relative to the working folder".to_owned()
            }
            Self::Value { .. } => "correct the value, or leave the line out for the default".to_owned(),
            Self::Escapes { .. } => "run from a folder that holds the file, or write its absolute path".to_owned(),
        }
    }
}

/// What a field can be, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A path.
    Path,
    /// A whole number between these, both included.
    Whole(RangeInclusive<u64>),
    /// The interval between sample outputs.
    Interval,
    /// The name of a backend.
    Backend,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("a path"),
            Self::Whole(range) if *range.end() == u64::MAX && *range.start() > 0 => {
                write!(f, "a whole number of {} or more", range.start())
            }
            Self::Whole(range) => write!(f, "a whole number from {} to {}", range.start(), range.end()),
            Self::Interval => {
                let [often, less, rarely] = SAMPLE_OUTPUT_INTERVALS;
                write!(f, "{often}, {less}, {rarely} or null")
            }
            Self::Backend => f.write_str("auto, cpu, wgpu or cuda"),
        }
    }
}

impl DistillerConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`InvalidConfig`] with every field that is unknown, missing or out of its range.
    pub fn parse(text: &str) -> Result<Self, InvalidConfig> {
        let mut reader = Reader::new(text)?;
        let paths = ConfigPaths {
            prefix: reader.path(PREFIX),
            character_image: reader.path(CHARACTER_IMAGE),
            face_mask: reader.path(FACE_MASK),
            recipe: reader.path_or(RECIPE, REFERENCE),
            teacher: reader.path_or(TEACHER, DEFAULT_TEACHER),
            pose_dataset: reader.path_or(POSE_DATASET, DEFAULT_POSE_DATASET),
        };
        let backend = reader.backend();
        let face = reader.training([FIELDS[3], FIELDS[4], FIELDS[5], FIELDS[6]], FACE_SEEDS);
        let body = reader.training([FIELDS[7], FIELDS[8], FIELDS[9], FIELDS[10]], BODY_SEEDS);
        let num_cpu_workers = reader.whole(NUM_CPU_WORKERS, 1..=u64::MAX, 1);
        let num_gpus = reader.whole(NUM_GPUS, 1..=u64::MAX, 1);
        let errors = reader.errors;
        match paths {
            ConfigPaths {
                prefix: Some(prefix),
                character_image: Some(character_image),
                face_mask: Some(face_mask),
                recipe: Some(recipe),
                teacher: Some(teacher),
                pose_dataset: Some(pose_dataset),
            } if errors.is_empty() => Ok(Self {
                prefix,
                character_image,
                face_mask,
                face,
                body,
                num_cpu_workers,
                num_gpus,
                recipe,
                teacher,
                pose_dataset,
                backend,
            }),
            paths => Err(InvalidConfig { errors, paths: Box::new(paths) }),
        }
    }

    /// The fields in which another configuration differs from this one.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let training = |of: &MorpherTraining, other: &MorpherTraining| {
            [
                of.random_seeds[0] == other.random_seeds[0],
                of.random_seeds[1] == other.random_seeds[1],
                of.examples_per_sample_output == other.examples_per_sample_output,
                of.batch_size == other.batch_size,
            ]
        };
        let same = [
            &[
                self.prefix == other.prefix,
                self.character_image == other.character_image,
                self.face_mask == other.face_mask,
            ][..],
            &training(&self.face, &other.face),
            &training(&self.body, &other.body),
            &[
                self.num_cpu_workers == other.num_cpu_workers,
                self.num_gpus == other.num_gpus,
                self.recipe == other.recipe,
                self.teacher == other.teacher,
                self.pose_dataset == other.pose_dataset,
                self.backend == other.backend,
            ],
        ];
        FIELDS.into_iter().zip(same.concat()).filter_map(|(field, same)| (!same).then_some(field)).collect()
    }

    /// The paths.
    pub fn paths(&self) -> ConfigPaths {
        ConfigPaths {
            prefix: Some(self.prefix.clone()),
            character_image: Some(self.character_image.clone()),
            face_mask: Some(self.face_mask.clone()),
            recipe: Some(self.recipe.clone()),
            teacher: Some(self.teacher.clone()),
            pose_dataset: Some(self.pose_dataset.clone()),
        }
    }
}

/// Reads field by field and goes on after an error, so that all of them are found. A field in error has its default.
struct Reader {
    map: Mapping,
    errors: Vec<ConfigError>,
}

impl Reader {
    fn new(text: &str) -> Result<Self, InvalidConfig> {
        let failed = |error| InvalidConfig { errors: vec![error], paths: Box::default() };
        let value = serde_yaml::from_str(text).map_err(|error| failed(error.into()))?;
        let Value::Mapping(map) = value else { return Err(failed(ConfigError::NotAMap)) };
        let errors = map.keys().filter_map(unknown).collect();
        Ok(Self { map, errors })
    }

    fn path_or(&mut self, field: &'static str, default: &str) -> Option<PathBuf> {
        if self.map.contains_key(field) { self.path(field) } else { Some(PathBuf::from(default)) }
    }

    fn backend(&mut self) -> Accelerator {
        let Some(value) = self.map.get(BACKEND) else { return Accelerator::default() };
        value.as_str().and_then(|name| name.parse().ok()).unwrap_or_else(|| {
            self.errors.push(wrong(BACKEND, Wanted::Backend, value));
            Accelerator::default()
        })
    }

    fn path(&mut self, field: &'static str) -> Option<PathBuf> {
        match self.map.get(field) {
            None => self.errors.push(ConfigError::Missing(field)),
            Some(Value::String(name)) if !name.is_empty() && !name.contains('\0') => {
                let path = PathBuf::from(name);
                if !climbs_out(&path) {
                    return Some(path);
                }
                self.errors.push(ConfigError::Escapes { field, path });
            }
            Some(value) => self.errors.push(wrong(field, Wanted::Path, value)),
        }
        None
    }

    fn training(&mut self, [seed_0, seed_1, interval, batch]: [&'static str; 4], seeds: [u64; 2]) -> MorpherTraining {
        MorpherTraining {
            random_seeds: [self.whole(seed_0, 0..=u64::MAX, seeds[0]), self.whole(seed_1, 0..=u64::MAX, seeds[1])],
            examples_per_sample_output: self.interval(interval),
            batch_size: self.whole(batch, 1..=8, 8),
        }
    }

    fn whole(&mut self, field: &'static str, range: RangeInclusive<u64>, default: u64) -> u64 {
        let Some(value) = self.map.get(field) else { return default };
        value.as_u64().filter(|number| range.contains(number)).unwrap_or_else(|| {
            self.errors.push(wrong(field, Wanted::Whole(range), value));
            default
        })
    }

    fn interval(&mut self, field: &'static str) -> Option<u64> {
        match self.map.get(field) {
            None => Some(SAMPLE_OUTPUT_INTERVALS[0]),
            Some(Value::Null) => None,
            Some(value) => {
                let interval = value.as_u64().filter(|interval| SAMPLE_OUTPUT_INTERVALS.contains(interval));
                if interval.is_none() {
                    self.errors.push(wrong(field, Wanted::Interval, value));
                }
                interval
            }
        }
    }
}

fn wrong(field: &'static str, wanted: Wanted, value: &Value) -> ConfigError {
    ConfigError::Value { field, wanted, value: value.clone() }
}

fn unknown(key: &Value) -> Option<ConfigError> {
    let field = key.as_str().map_or_else(|| shown(key), str::to_owned);
    let nearest = suggest::nearest(&field, FIELDS);
    (!FIELDS.contains(&field.as_str())).then_some(ConfigError::Unknown { field, nearest })
}

/// Whether a relative path goes up further than it went down. An absolute path is openly elsewhere.
fn climbs_out(path: &Path) -> bool {
    let mut depth = 0;
    let steps = path.components().map(|component| match component {
        Component::ParentDir => -1,
        Component::Normal(_) => 1,
        Component::Prefix(_) | Component::RootDir | Component::CurDir => 0,
    });
    !path.is_absolute()
        && steps.into_iter().any(|step| {
            depth += step;
            depth < 0
        })
}

fn list() -> String {
    FIELDS.join(", ")
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// A value as it was written, on one line and not too long.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = serde_yaml::to_string(value).unwrap_or_default();
    let mut text: String = text.trim_end().chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.is_empty() {
        text.push_str("empty");
    }
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATHS: &str = "prefix: out\ncharacter_image_file_name: a.png\nface_mask_image_file_name: m.png\n";

    fn errors(lines: &str) -> Vec<String> {
        let invalid = DistillerConfig::parse(&format!("{PATHS}{lines}")).expect_err(lines);
        invalid.errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_three_paths_are_enough_and_the_rest_has_the_seeds_defaults() {
        let config = DistillerConfig::parse(PATHS).expect("complete");
        assert_eq!(config.face.random_seeds, [12_771_885_812_175_595_441, 14_367_217_090_963_479_175]);
        assert_eq!(config.body.random_seeds, [2_892_221_210_020_292_507, 9_998_918_537_095_922_080]);
        for training in [config.face, config.body] {
            assert_eq!((training.examples_per_sample_output, training.batch_size), (Some(10_000), 8));
        }
        assert_eq!((config.num_cpu_workers, config.num_gpus), (1, 1));
        assert_eq!(config.paths().face_mask, Some(PathBuf::from("m.png")));
        let ours = [config.recipe, config.teacher, config.pose_dataset].map(|path| path.display().to_string());
        assert_eq!(ours, ["reference", "data/tha4", "data/pose_dataset.pt"]);
        assert_eq!(config.backend, Accelerator::Auto);
    }

    #[test]
    fn every_field_is_read_into_its_own_place() {
        let text = format!(
            "{PATHS}face_morpher_random_seed_0: 0\nface_morpher_random_seed_1: 18446744073709551615\n\
             face_morpher_num_training_examples_per_sample_output: null\nface_morpher_batch_size: 1\n\
             body_morpher_random_seed_0: 2\nbody_morpher_random_seed_1: 3\n\
             body_morpher_num_training_examples_per_sample_output: 1000000\nbody_morpher_batch_size: 7\n\
             num_cpu_workers: 5\nnum_gpus: 6\n\
             recipe: fast\nteacher: /models\npose_dataset: poses.pt\nbackend: cpu\n"
        );
        let config = DistillerConfig::parse(&text).expect("complete");
        let face = MorpherTraining { random_seeds: [0, u64::MAX], examples_per_sample_output: None, batch_size: 1 };
        let body = MorpherTraining { random_seeds: [2, 3], examples_per_sample_output: Some(1_000_000), batch_size: 7 };
        assert_eq!((config.face, config.body, config.num_cpu_workers, config.num_gpus), (face, body, 5, 6));
        let ours = [config.recipe, config.teacher, config.pose_dataset].map(|path| path.display().to_string());
        assert_eq!(ours, ["fast", "/models", "poses.pt"]);
        assert_eq!(config.backend, Accelerator::Cpu);
    }

    #[test]
    fn configurations_differ_in_the_fields_that_say_so() {
        let parse = |lines: &str| DistillerConfig::parse(&format!("{PATHS}{lines}")).expect("complete");
        let plain = parse("");
        for (field, value) in FIELDS[3..].iter().map(|field| match *field {
            field if field.contains("per_sample_output") => (field, "100000"),
            field @ (RECIPE | TEACHER | POSE_DATASET) => (field, "other"),
            BACKEND => (BACKEND, "cpu"),
            field => (field, "3"),
        }) {
            assert_eq!(plain.differing(&parse(&format!("{field}: {value}\n"))), [field]);
        }
        assert!(plain.differing(&plain).is_empty());
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_and_the_paths_are_kept() {
        let text = "prefix: out\nface_mask_image_file_name: 7\nface_morpher_batchsize: 4\nnum_gpus: 0\n\
                    body_morpher_batch_size: 9\nface_morpher_random_seed_0: -1\n\
                    body_morpher_num_training_examples_per_sample_output: 5\nbackend: gpu\nteacher: ../models\n";
        let invalid = DistillerConfig::parse(text).expect_err("wrong");
        let ConfigPaths { prefix, character_image, face_mask, teacher, .. } = &*invalid.paths;
        assert_eq!((prefix, character_image, face_mask, teacher), (&Some("out".into()), &None, &None, &None));
        let all = invalid.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        for part in [
            "unknown field `face_morpher_batchsize`; did you mean `face_morpher_batch_size`?",
            "lacks the field `character_image_file_name`",
            "`face_mask_image_file_name` must be a path, not `7`",
            "`num_gpus` must be a whole number of 1 or more, not `0`",
            "`body_morpher_batch_size` must be a whole number from 1 to 8, not `9`",
            "`face_morpher_random_seed_0` must be a whole number from 0 to 18446744073709551615, not `-1`",
            "must be 10000, 100000, 1000000 or null, not `5`",
            "`backend` must be auto, cpu, wgpu or cuda, not `gpu`",
            "`teacher` leads out of the working folder",
        ] {
            assert!(all.contains(part), "{part}\nis not in\n{all}");
        }
        assert_eq!(invalid.errors.len(), 9);
        assert!(invalid.errors.iter().all(|error| !error.help().is_empty()));
    }

    #[test]
    fn numbers_of_another_type_are_refused() {
        for value in ["1.5", "'1'", "true", "[1]", "{a: 1}", "null", "18446744073709551616", "1e1"] {
            let errors = errors(&format!("num_gpus: {value}\n"));
            assert!(errors.len() == 1 && errors[0].contains("num_gpus"), "{value}: {errors:?}");
        }
    }

    #[test]
    fn relative_paths_stay_within_the_working_folder() {
        for path in ["../a.png", "b/../../a.png", "./../a.png"] {
            let text = format!("prefix: out\ncharacter_image_file_name: {path}\nface_mask_image_file_name: m.png\n");
            let invalid = DistillerConfig::parse(&text).expect_err(path);
            assert!(matches!(invalid.errors[..], [ConfigError::Escapes { field: CHARACTER_IMAGE, .. }]), "{path}");
        }
        assert!(!climbs_out(Path::new("a/../b.png")) && !climbs_out(Path::new("./a/..")));
    }

    #[test]
    fn what_is_no_map_of_fields_is_refused() {
        for text in ["", "just words", "- a\n- b\n", "a: [", "\t", "prefix: a\nprefix: b\n"] {
            let invalid = DistillerConfig::parse(text).expect_err(text);
            assert_eq!(invalid.errors.len(), 1, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_configuration_or_a_reason(text in ".*", key in "[a-z_]{0,60}", value in ".{0,20}") {
            for text in [text, format!("{PATHS}{key}: {value}\n"), format!("{PATHS}num_gpus: {value}\n")] {
                if let Err(invalid) = DistillerConfig::parse(&text) {
                    prop_assert!(!invalid.errors.is_empty());
                    prop_assert!(invalid.errors.iter().all(|error| !error.to_string().is_empty()));
                }
            }
        }

        #[test]
        fn whole_numbers_are_taken_if_and_only_if_in_range(batch in 0u64..20, workers: u64) {
            let text = format!("{PATHS}face_morpher_batch_size: {batch}\nnum_cpu_workers: {workers}\n");
            let valid = (1..=8).contains(&batch) && workers >= 1;
            match DistillerConfig::parse(&text) {
                Ok(config) => prop_assert!(valid && (config.face.batch_size, config.num_cpu_workers) == (batch, workers)),
                Err(_) => prop_assert!(!valid),
            }
        }
    }
}
