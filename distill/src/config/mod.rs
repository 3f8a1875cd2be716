//! Reads the distiller's `config.yaml`: THA4's fields (`distill/spec/distiller.md`) and a few optional ones of ours.

mod error;
mod fields;
mod reader;
#[cfg(test)]
mod tests;

pub use error::{ConfigError, InvalidConfig, Wanted};
pub(crate) use fields::{CHARACTER_IMAGE, FACE_MASK, NUM_GPUS, POSE_DATASET, PREFIX, RECIPE, TEACHER};
pub use fields::{DEFAULT_TEACHER, FIELDS};

use crate::{backend::Accelerator, recipe::REFERENCE, teacher::is_layered_art};
use fields::{BACKEND, BODY_SEEDS, DEFAULT_POSE_DATASET, FACE_SEEDS, NUM_CPU_WORKERS, TrainingFields};
use reader::Reader;
use std::path::PathBuf;

/// What to distil, and how. Paths are relative to the working folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistillerConfig {
    /// The run directory: everything the training writes goes there.
    pub prefix: PathBuf,
    /// The character's picture: a PNG of 512 x 512 pixels with transparency. `None` if it is drawn from the teacher's
    /// layered art.
    pub character_image: Option<PathBuf>,
    /// The face mask: a PNG of 512 x 512 RGB pixels, each channel 0 or 255; errors weigh more where red is 255. `None`
    /// if it is drawn from the teacher's layered art.
    pub face_mask: Option<PathBuf>,
    /// How the face morpher is trained.
    pub face: MorpherTraining,
    /// How the body morpher is trained.
    pub body: MorpherTraining,
    /// Processes that prepare examples, 1 or more. Accepted but not used.
    pub num_cpu_workers: u64,
    /// GPUs to train on, 1 or more.
    pub num_gpus: u64,
    /// The recipe: the name of a [built-in one](crate::recipe::Recipe::built_in), or a file. Our field.
    pub recipe: PathBuf,
    /// The folder with the THA4 teacher's networks, or layered art. Our field; the original's networks are in
    /// `data/tha4`.
    pub teacher: PathBuf,
    /// The poses to train on. Our field; the original's are in `data/pose_dataset.pt`.
    pub pose_dataset: PathBuf,
    /// The backend to train on. Our field.
    pub backend: Accelerator,
}

/// How one of the two networks is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MorpherTraining {
    /// The second seed decides the initial weights and the examples of the sample outputs
    /// (`distill/spec/distiller.md`).
    pub random_seeds: [u64; 2],
    /// Examples between two sample outputs; `None` writes none.
    pub examples_per_sample_output: Option<u64>,
    /// Examples a step, 1 to 8.
    pub batch_size: u64,
}

/// The paths that could be read, even from an invalid configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigPaths {
    /// The field `prefix`.
    pub prefix: Option<PathBuf>,
    /// The field `character_image_file_name`; `None` also if it is drawn from layered art.
    pub character_image: Option<PathBuf>,
    /// The field `face_mask_image_file_name`; likewise.
    pub face_mask: Option<PathBuf>,
    /// The field `recipe`, or its default.
    pub recipe: Option<PathBuf>,
    /// The field `teacher`, or its default.
    pub teacher: Option<PathBuf>,
    /// The field `pose_dataset`, or its default.
    pub pose_dataset: Option<PathBuf>,
}

impl MorpherTraining {
    /// Each field, and whether it is the same in another training.
    fn same(&self, other: &Self, fields: TrainingFields) -> [(&'static str, bool); 4] {
        [
            (fields.seeds[0], self.random_seeds[0] == other.random_seeds[0]),
            (fields.seeds[1], self.random_seeds[1] == other.random_seeds[1]),
            (fields.sample_interval, self.examples_per_sample_output == other.examples_per_sample_output),
            (fields.batch_size, self.batch_size == other.batch_size),
        ]
    }
}

impl DistillerConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`InvalidConfig`] with every field that is unknown, missing or out of range.
    pub fn parse(text: &str) -> Result<Self, InvalidConfig> {
        let mut reader = Reader::new(text)?;
        let teacher = reader.path_or(TEACHER, DEFAULT_TEACHER);
        let drawn = teacher.as_deref().is_some_and(is_layered_art);
        let paths = ConfigPaths {
            prefix: reader.path(PREFIX),
            character_image: reader.path_unless(drawn, CHARACTER_IMAGE),
            face_mask: reader.path_unless(drawn, FACE_MASK),
            recipe: reader.path_or(RECIPE, REFERENCE),
            teacher,
            pose_dataset: reader.path_or(POSE_DATASET, DEFAULT_POSE_DATASET),
        };
        let backend = reader.backend();
        let face = reader.training(fields::FACE, FACE_SEEDS);
        let body = reader.training(fields::BODY, BODY_SEEDS);
        let num_cpu_workers = reader.whole(NUM_CPU_WORKERS, 1..=u64::MAX, 1);
        let num_gpus = reader.whole(NUM_GPUS, 1..=u64::MAX, 1);
        let errors = reader.errors;
        match paths {
            ConfigPaths {
                prefix: Some(prefix),
                character_image,
                face_mask,
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

    /// The fields in which another configuration differs.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let first = [
            (PREFIX, self.prefix == other.prefix),
            (CHARACTER_IMAGE, self.character_image == other.character_image),
            (FACE_MASK, self.face_mask == other.face_mask),
        ];
        let last = [
            (NUM_CPU_WORKERS, self.num_cpu_workers == other.num_cpu_workers),
            (NUM_GPUS, self.num_gpus == other.num_gpus),
            (RECIPE, self.recipe == other.recipe),
            (TEACHER, self.teacher == other.teacher),
            (POSE_DATASET, self.pose_dataset == other.pose_dataset),
            (BACKEND, self.backend == other.backend),
        ];
        let trainings = [self.face.same(&other.face, fields::FACE), self.body.same(&other.body, fields::BODY)];
        let all = first.into_iter().chain(trainings.into_iter().flatten()).chain(last);
        all.filter_map(|(field, same)| (!same).then_some(field)).collect()
    }

    /// The paths.
    pub fn paths(&self) -> ConfigPaths {
        ConfigPaths {
            prefix: Some(self.prefix.clone()),
            character_image: self.character_image.clone(),
            face_mask: self.face_mask.clone(),
            recipe: Some(self.recipe.clone()),
            teacher: Some(self.teacher.clone()),
            pose_dataset: Some(self.pose_dataset.clone()),
        }
    }
}
