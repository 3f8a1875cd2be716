//! The description of one student's training, its outcome and its errors.

use super::objective::Objective;
use crate::{
    backend::TrainingBackend,
    checkpoint::{CheckpointError, Progress},
    examples::PoseDataset,
    parallel::{ParallelError, Peer},
    recipe::{AdamSettings, Intervals, StudentRecipe},
};
use std::{collections::BTreeMap, path::PathBuf, sync::atomic::AtomicBool};
use thiserror::Error;

/// One student's training.
pub struct Training<'a, B: TrainingBackend, L: Objective<B>, N> {
    /// What the student learns.
    pub objective: &'a L,
    /// Its phases, and what is kept of the teacher's pictures.
    pub student_recipe: &'a StudentRecipe<N, L::Losses>,
    /// The optimiser's constants.
    pub adam: AdamSettings,
    /// How often to save and to measure.
    pub intervals: Intervals,
    /// Examples a step on each device.
    pub batch: usize,
    /// The configuration's two seeds: the first decides the drawn poses and what is replayed, the second the initial
    /// weights.
    pub seeds: [u64; 2],
    /// Poses to train on; without a dataset they are drawn.
    pub dataset: Option<PoseDataset>,
    /// Number of held-out poses.
    pub held_out_poses: usize,
    /// Examples between two sample sheets; `None` draws none.
    pub sample_interval: Option<u64>,
    /// What identifies this training, by name; see [`Progress::fingerprint`].
    pub fingerprint: BTreeMap<String, String>,
    /// The student's folder.
    pub folder: PathBuf,
    /// Bytes of the device's memory, which limit what is kept and computed at once.
    pub memory: u64,
    /// Set to stop the training.
    pub stop: &'a AtomicBool,
    /// Its device, and its place among the devices that train together. Only the first one writes and reports.
    pub peer: &'a Peer<B::InnerBackend>,
}

impl<B: TrainingBackend, L: Objective<B>, N> Training<'_, B, L, N> {
    /// Whether this peer writes and reports.
    pub(super) fn leads(&self) -> bool {
        self.peer.rank() == 0
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome<S> {
    /// The student.
    pub student: S,
    /// How far it got.
    pub progress: Progress,
    /// Whether it saw all requested examples; otherwise it was stopped.
    pub reached: bool,
}

/// Why a training cannot go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// Its state could not be saved.
    #[error("cannot save the {student}'s training: {source}")]
    Save {
        /// The network.
        student: &'static str,
        /// Why.
        source: CheckpointError,
    },
    /// The folder holds a checkpoint of another training.
    #[error("the {student}'s checkpoints are from a training with a different {}", .changed.join(", a different "))]
    Another {
        /// The network.
        student: &'static str,
        /// The parts of the fingerprint that differ.
        changed: Vec<String>,
    },
    /// The folder holds a checkpoint of another network.
    #[error("the {student}'s checkpoint does not fit the network: `{tensor}` is missing or has another shape")]
    Misfit {
        /// The network.
        student: &'static str,
        /// The first tensor that does not fit.
        tensor: String,
    },
    /// The devices no longer train together.
    #[error(transparent)]
    Parallel(#[from] ParallelError),
    /// The loss is no longer finite.
    #[error("the {student}'s loss is {loss} after {examples} examples; the last checkpoint is from before that")]
    Diverged {
        /// The network.
        student: &'static str,
        /// The last loss.
        loss: f64,
        /// Examples seen.
        examples: u64,
    },
}
