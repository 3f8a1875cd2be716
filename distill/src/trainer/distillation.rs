//! Runs a distillation: trains the face, then the body, and writes the character.

use super::{
    objective::{BodyObjective, FaceObjective, Objective, PerceptualTerm},
    observer::{NoObserver, ProgressObserver},
    run_directory::RunDirectory,
    training::{Outcome, TrainError, Training},
};
use crate::{
    backend::{AcceleratorError, TrainingBackend, Work},
    config::{DistillerConfig, MorpherTraining},
    digest::sha256,
    examples::PoseDataset,
    parallel::{Peer, on_devices},
    perceptual::{PerceptualError, PerceptualLoss},
    recipe::{AdamSettings, Perceptual, Recipe, StudentRecipe},
    student::{BodyMorpherConfig, FaceMorpherConfig},
    teacher::{self, OpenError, Teacher},
};
use bunraku_core::character::{BodyMorpher, CharacterImage, CharacterModel, FaceMorpher, IMAGE_SIZE, SaveError};
use burn::tensor::backend::Backend;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use thiserror::Error;

/// A distillation with all of its inputs, read and checked.
#[derive(Debug)]
pub struct Distillation<'a> {
    /// The configuration; its paths are relative to the working folder.
    pub config: DistillerConfig,
    /// The recipe.
    pub recipe: Recipe,
    /// The bytes of the character's picture file.
    pub picture: Vec<u8>,
    /// The picture, decoded.
    pub image: CharacterImage,
    /// The bytes of the face mask file.
    pub mask_file: Vec<u8>,
    /// The mask, as [`face_mask`](crate::examples::face_mask) returns it.
    pub mask: Vec<f32>,
    /// The pose dataset and the SHA-256 of its file; without it poses are random.
    pub dataset: Option<(PoseDataset, String)>,
    /// The most examples for each student, earlier runs included.
    pub examples: Option<u64>,
    /// Set to stop the distillation.
    pub stop: &'a AtomicBool,
}

/// What identifies a training, by name; see [`Progress::fingerprint`](crate::checkpoint::Progress::fingerprint).
type Fingerprint = BTreeMap<String, String>;

/// How a distillation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The character is in this folder.
    Character(PathBuf),
    /// It was stopped; its state is saved.
    Stopped,
}

/// Why a distillation failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DistillError {
    /// The backend is not available.
    #[error(transparent)]
    Backend(#[from] AcceleratorError),
    /// The teacher is not available.
    #[error(transparent)]
    Teacher(#[from] OpenError),
    /// The perceptual loss has no network.
    #[error(transparent)]
    Perceptual(#[from] PerceptualError),
    /// A student cannot be trained.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The character cannot be written; the students are saved, so another run can write it.
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// The teacher, and the input files' fingerprint.
struct Source<'a, B: Backend> {
    teacher: &'a mut dyn Teacher<B>,
    files: Fingerprint,
    /// The memory of its device in bytes.
    memory: u64,
}

/// A distillation with its observer, to run on any backend.
struct Job<'a, 'b> {
    distillation: &'a Distillation<'b>,
    /// The memory of each device in bytes.
    memory: u64,
    observer: &'a mut dyn ProgressObserver,
}

impl Work for Job<'_, '_> {
    type Output = Result<Finished, DistillError>;

    fn run<B: TrainingBackend>(self, devices: Vec<B::Device>) -> Self::Output {
        let observer = Mutex::new(self.observer);
        let finished = on_devices(&devices, |peer: Peer<B::InnerBackend>| {
            if peer.rank() > 0 {
                self.distillation.run::<B>(&peer, self.memory, &mut NoObserver)
            } else {
                // Only this thread takes the lock.
                let mut observer = observer.lock().unwrap_or_else(PoisonError::into_inner);
                self.distillation.run::<B>(&peer, self.memory, &mut **observer)
            }
        });
        verdict(finished.map_err(TrainError::from)?)
    }
}

/// Picks the result to report. If a device fails, the others fail too, but only because it left: its own error comes
/// first. Without errors the first device's result counts.
fn verdict(mut results: Vec<Result<Finished, DistillError>>) -> Result<Finished, DistillError> {
    let lost = |result: &Result<_, _>| matches!(result, Err(DistillError::Train(TrainError::Parallel(_))));
    results.sort_by_key(|result| (result.is_ok(), lost(result)));
    results.into_iter().next().unwrap_or(Ok(Finished::Stopped))
}

/// The pixels where the character is visible, row by row.
fn visible(image: &CharacterImage) -> Vec<u32> {
    let alpha = &image.planes[3 * IMAGE_SIZE * IMAGE_SIZE..];
    (0..).zip(alpha).filter(|(_, alpha)| **alpha > -1.0).map(|(pixel, _)| pixel).collect()
}

impl Distillation<'_> {
    /// Trains both students on the configuration's backend and devices, and writes the character.
    ///
    /// # Errors
    /// [`DistillError`]; earlier checkpoints are untouched.
    pub fn distil(&self, observer: &mut dyn ProgressObserver) -> Result<Finished, DistillError> {
        let devices = usize::try_from(self.config.num_gpus).unwrap_or(usize::MAX);
        let backend = self.config.backend.resolve()?;
        backend.run(devices, Job { distillation: self, memory: backend.memory(devices), observer })?
    }

    fn run<B: TrainingBackend>(
        &self,
        peer: &Peer<B::InnerBackend>,
        memory: u64,
        observer: &mut dyn ProgressObserver,
    ) -> Result<Finished, DistillError> {
        let mut teacher = teacher::open::<B::InnerBackend>(&self.config.teacher, &self.image, peer.device())?;
        observer.notify(&super::Event::Teacher(&teacher.describe()));
        let (recipe, config) = (&self.recipe, &self.config);
        let perceptual = recipe.perceptual.as_ref();
        let network = perceptual.map(|it| PerceptualLoss::<B>::load(&it.weights, peer.device())).transpose()?;
        let mut files = self.files(teacher.identity());
        files.extend(network.iter().map(|network| ("perceptual weights".to_owned(), network.sha256().to_owned())));
        let mut source = Source { teacher: &mut *teacher, files, memory };
        let (face, body) = self.objectives::<B>(network.as_ref());
        let face = self.train::<B, _, _>(&face, &recipe.face, &config.face, &mut source, peer, observer)?;
        // A stopped run does not start on the body.
        if self.stop.load(Ordering::Relaxed) {
            return Ok(Finished::Stopped);
        }
        let body = self.train::<B, _, _>(&body, &recipe.body, &config.body, &mut source, peer, observer)?;
        if !(face.reached && body.reached) {
            return Ok(Finished::Stopped);
        }
        if peer.rank() > 0 {
            return Ok(Finished::Character(RunDirectory::new(&config.prefix).character()));
        }
        Ok(Finished::Character(self.save(face.student.to_core(), body.student.to_core())?))
    }

    /// The objectives of face and body, with the perceptual loss if the recipe has it.
    fn objectives<B: TrainingBackend>(
        &self,
        network: Option<&PerceptualLoss<B>>,
    ) -> (FaceObjective<B>, BodyObjective<B>) {
        let Recipe { face, body, perceptual, .. } = &self.recipe;
        let weights = perceptual.as_ref().map(|it| (it.face, it.body)).unzip();
        let term = |weight: Option<f32>| Some(PerceptualTerm { loss: network?.clone(), weight: weight? });
        let face = FaceObjective {
            network: FaceMorpherConfig::new(face.network.clone()),
            first_position: face.first_position,
            mask: self.mask.clone(),
            perceptual: term(weights.0),
        };
        let body = BodyObjective {
            network: BodyMorpherConfig::new(body.network.clone()),
            first_position: body.first_position,
            character: visible(&self.image),
            perceptual: term(weights.1),
        };
        (face, body)
    }

    /// Writes the character and returns its folder.
    fn save(&self, face: FaceMorpher, body: BodyMorpher) -> Result<PathBuf, SaveError> {
        let model = CharacterModel { name: String::new(), image: self.image.clone(), face, body };
        let published = self.recipe.face.network == FaceMorpherConfig::standard().widths
            && self.recipe.body.network == BodyMorpherConfig::standard().widths;
        RunDirectory::new(&self.config.prefix).save_character(&model, &self.picture, published)
    }

    fn train<B: TrainingBackend, L: Objective<B>, N: Serialize>(
        &self,
        objective: &L,
        student_recipe: &StudentRecipe<N, L::Losses>,
        settings: &MorpherTraining,
        source: &mut Source<'_, B::InnerBackend>,
        peer: &Peer<B::InnerBackend>,
        observer: &mut dyn ProgressObserver,
    ) -> Result<Outcome<L::Student>, TrainError>
    where
        L::Losses: Serialize,
    {
        // Divided as in the reference, but at least one example a device.
        let batch = (student_recipe.batch.unwrap_or(settings.batch_size as usize) / peer.count()).max(1);
        let training = Training {
            objective,
            student_recipe,
            adam: self.recipe.adam,
            intervals: self.recipe.intervals,
            batch,
            seeds: settings.random_seeds,
            dataset: self.dataset.as_ref().map(|(dataset, _)| dataset.clone()),
            held_out_poses: self.recipe.held_out_poses,
            sample_interval: settings.examples_per_sample_output,
            fingerprint: self.fingerprint(student_recipe, [batch, peer.count()], settings, &source.files),
            folder: RunDirectory::new(&self.config.prefix).student(L::NAME),
            memory: source.memory,
            stop: self.stop,
            peer,
        };
        training.run(source.teacher, observer, self.examples.unwrap_or(u64::MAX))
    }

    /// The fingerprint that a checkpoint must have to be resumed.
    fn fingerprint<N: Serialize, W: Serialize>(
        &self,
        student_recipe: &StudentRecipe<N, W>,
        [batch, devices]: [usize; 2],
        settings: &MorpherTraining,
        files: &Fingerprint,
    ) -> Fingerprint {
        /// The parts of the recipe that identify a training, under one name.
        #[derive(Serialize)]
        struct Matters<'a, N, W> {
            adam: AdamSettings,
            #[serde(rename = "course")]
            student_recipe: &'a StudentRecipe<N, W>,
            /// The term's weights for face and body; its network is identified by its file.
            perceptual: Option<[f32; 2]>,
        }
        let recipe = serde_json::to_string(&Matters {
            adam: self.recipe.adam,
            student_recipe,
            perceptual: self.recipe.perceptual.as_ref().map(|Perceptual { face, body, .. }| [*face, *body]),
        });
        let [seed_0, seed_1] = settings.random_seeds;
        let named = [
            ("recipe", recipe.unwrap_or_default()),
            ("batch size", batch.to_string()),
            ("number of devices", devices.to_string()),
            ("first random seed", seed_0.to_string()),
            ("second random seed", seed_1.to_string()),
        ];
        named.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(files.clone()).collect()
    }

    /// The input files and the `teacher`'s, each by the SHA-256 of its content, wherever they are.
    fn files(&self, teacher: Vec<(String, String)>) -> Fingerprint {
        let poses = self.dataset.as_ref().map_or("drawn, first distribution", |(_, hash)| hash);
        let own = [
            ("picture", sha256(&self.picture)),
            ("face mask", sha256(&self.mask_file)),
            ("pose dataset", poses.to_owned()),
        ];
        let teachers = teacher.into_iter().map(|(name, hash)| (format!("teacher's {name}"), hash));
        own.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(teachers).collect()
    }
}
