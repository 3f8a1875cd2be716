//! Checkpoints: a training's weights, optimiser and position, each in one file that is written atomically.
//!
//! Random numbers need no saved state: [`Random`](crate::examples::Random) depends on the position alone.

mod format;
mod store;

pub use store::{CheckpointStore, Damaged, Newest};

use bunraku_core::character::Tensor;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
};
use thiserror::Error;

/// Everything needed to resume a training.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// How far the training is.
    pub progress: Progress,
    /// Weights and the optimiser's moments, by name.
    pub tensors: BTreeMap<String, Tensor>,
}

impl Checkpoint {
    /// An error if a weight or a moment is not finite.
    fn ensure_finite(&self) -> Result<(), CheckpointError> {
        let lost = self.tensors.iter().find(|(_, tensor)| !tensor.values.iter().all(|value| value.is_finite()));
        lost.map_or(Ok(()), |(name, _)| Err(CheckpointError::NotFinite(name.clone())))
    }
}

/// How far a student's training is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Examples seen.
    pub examples: u64,
    /// Optimiser steps.
    pub steps: u64,
    /// Time spent training, in seconds.
    pub seconds: f64,
    /// The latest error on the held-out poses.
    pub held_out: Option<HeldOut>,
    /// What identifies the training, by name: hashes of its inputs, its recipe and seeds. A checkpoint resumes only a
    /// training with the same fingerprint.
    #[serde(rename = "ingredients")]
    pub fingerprint: BTreeMap<String, String>,
}

impl Progress {
    /// The progress of a training that has not started.
    pub fn new(fingerprint: BTreeMap<String, String>) -> Self {
        Self { examples: 0, steps: 0, seconds: 0.0, held_out: None, fingerprint }
    }

    /// The names in which another training's fingerprint differs.
    pub fn differing(&self, other: &BTreeMap<String, String>) -> Vec<String> {
        let names: BTreeSet<&String> = self.fingerprint.keys().chain(other.keys()).collect();
        names.into_iter().filter(|name| self.fingerprint.get(*name) != other.get(*name)).cloned().collect()
    }
}

/// An error on the held-out poses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Examples seen at that point.
    pub examples: u64,
    /// The mean absolute difference from the teacher over all pixels and channels, in the networks' units (0 to 2).
    pub l1: f64,
}

/// Why a checkpoint cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// An I/O error.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not start like a checkpoint.
    #[error("is not a checkpoint of this program")]
    Foreign,
    /// Its bytes have changed since it was written.
    #[error("is damaged: its SHA-256 does not match")]
    Hash,
    /// The training has diverged; its state must not replace a good one.
    #[error("`{0}` is no longer finite: the training has diverged; the last checkpoint is from before that")]
    NotFinite(String),
    /// Intact, but with other content than a checkpoint.
    #[error("does not have the content of a checkpoint: {0}")]
    Content(String),
}
