//! From a configuration to a character: the face's training, the body's, and the finished folder.

use super::{
    lesson::{BodyLesson, FaceLesson, Lesson},
    prefix::Prefix,
    training::{Outcome, TrainError, Training},
    watch::Watch,
};
use crate::{
    backend::{TrainingBackend, Work},
    config::{DistillerConfig, MorpherTraining},
    digest::sha256,
    examples::PoseDataset,
    recipe::{AdamSettings, Course, Recipe},
    student::{BodyMorpherConfig, FaceMorpherConfig},
    teacher::{
        Teacher,
        tha4::{self, TeacherError, Tha4Settings},
    },
};
use bunraku_core::character::{CharacterImage, CharacterModel, SaveError};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};
use thiserror::Error;

/// Everything that a distillation is made of, read and checked.
#[derive(Debug)]
pub struct Distillation<'a> {
    /// The configuration; the paths in it are relative to the working folder.
    pub config: DistillerConfig,
    /// How it is trained.
    pub recipe: Recipe,
    /// The character's picture, the file's bytes.
    pub picture: Vec<u8>,
    /// The same, decoded.
    pub image: CharacterImage,
    /// The face mask, the file's bytes.
    pub mask_file: Vec<u8>,
    /// The same, as [`face_mask`](crate::examples::face_mask) gives it.
    pub mask: Vec<f32>,
    /// The poses, with the SHA-256 of their file; without them poses are drawn.
    pub dataset: Option<(PoseDataset, String)>,
    /// Each student sees at most so many examples in this run and the ones before.
    pub examples: Option<u64>,
    /// Set when it should stop.
    pub stop: &'a AtomicBool,
}

/// How a distillation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The character is in this folder.
    Character(PathBuf),
    /// It was stopped; what was reached is kept.
    Stopped,
}

/// Why a distillation failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DistillError {
    /// There is nobody to learn from.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
    /// A student cannot be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The character cannot be written; the students are kept, so that another run writes it.
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// A distillation that somebody watches, to be done on whatever backend is there.
pub struct Watched<'a, 'b> {
    /// What is done.
    pub distillation: &'a Distillation<'b>,
    /// Who is told of it.
    pub watch: &'a mut dyn Watch,
}

impl Work for Watched<'_, '_> {
    type Output = Result<Finished, DistillError>;

    fn run<B: TrainingBackend>(self, devices: Vec<B::Device>) -> Self::Output {
        self.distillation.run::<B>(&devices[0], self.watch)
    }
}

impl Distillation<'_> {
    fn run<B: TrainingBackend>(&self, device: &B::Device, watch: &mut dyn Watch) -> Result<Finished, DistillError> {
        let settings = Tha4Settings { folder: self.config.teacher.clone() };
        let mut teacher = tha4::open::<B::InnerBackend>(&settings, &self.image, device)?;
        watch.tell(&super::Event::Teacher(&teacher.describe()));
        let (recipe, config) = (&self.recipe, &self.config);
        let face = FaceLesson { network: FaceMorpherConfig::new(recipe.face.network.clone()), mask: self.mask.clone() };
        let face = self.train::<B, _, _>(&face, &recipe.face, &config.face, &mut *teacher, device, watch)?;
        let body = BodyLesson { network: BodyMorpherConfig::new(recipe.body.network.clone()) };
        // Of a training that was stopped there is no body to train: it would only be stopped again.
        if self.stop.load(Ordering::Relaxed) {
            return Ok(Finished::Stopped);
        }
        let body = self.train::<B, _, _>(&body, &recipe.body, &config.body, &mut *teacher, device, watch)?;
        if !(face.reached && body.reached) {
            return Ok(Finished::Stopped);
        }
        let model = CharacterModel {
            name: String::new(),
            image: self.image.clone(),
            face: face.student.to_core(),
            body: body.student.to_core(),
        };
        Ok(Finished::Character(Prefix::new(&config.prefix).save_character(&model, &self.picture)?))
    }

    fn train<B: TrainingBackend, L: Lesson<B>, N: Serialize>(
        &self,
        lesson: &L,
        course: &Course<N, L::Losses>,
        settings: &MorpherTraining,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        device: &B::Device,
        watch: &mut dyn Watch,
    ) -> Result<Outcome<L::Student>, TrainError>
    where
        L::Losses: Serialize,
    {
        let batch = course.batch.unwrap_or(settings.batch_size as usize);
        let training = Training {
            lesson,
            course,
            adam: self.recipe.adam,
            intervals: self.recipe.intervals,
            batch,
            seeds: settings.random_seeds,
            dataset: self.dataset.as_ref().map(|(dataset, _)| dataset.clone()),
            held_out_poses: self.recipe.held_out_poses,
            sample_interval: settings.examples_per_sample_output,
            ingredients: self.ingredients(course, batch, settings, &teacher.describe()),
            folder: Prefix::new(&self.config.prefix).student(L::NAME),
            stop: self.stop,
            device: device.clone(),
        };
        training.run(teacher, watch, self.examples.unwrap_or(u64::MAX))
    }

    /// All that a snapshot must have been made with to be gone on from.
    fn ingredients<N: Serialize, W: Serialize>(
        &self,
        course: &Course<N, W>,
        batch: usize,
        settings: &MorpherTraining,
        teacher: &str,
    ) -> BTreeMap<String, String> {
        /// Together, so that one name stands for all of the recipe that matters.
        #[derive(Serialize)]
        struct Matters<'a, N, W> {
            adam: AdamSettings,
            course: &'a Course<N, W>,
        }
        let recipe = serde_json::to_string(&Matters { adam: self.recipe.adam, course });
        let poses = self.dataset.as_ref().map_or("drawn, first distribution", |(_, hash)| hash);
        let [seed_0, seed_1] = settings.random_seeds;
        let named = [
            ("recipe", recipe.unwrap_or_default()),
            ("batch size", batch.to_string()),
            ("first random seed", seed_0.to_string()),
            ("second random seed", seed_1.to_string()),
            ("picture", sha256(&self.picture)),
            ("face mask", sha256(&self.mask_file)),
            ("pose dataset", poses.to_owned()),
            ("teacher", teacher.to_owned()),
        ];
        named.map(|(name, value)| (name.to_owned(), value)).into()
    }
}
