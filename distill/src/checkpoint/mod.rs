//! A training's state on disk: weights, optimiser and position, in one file that is whole or not there at all.
//!
//! Random numbers need no state of their own: [`Random`](crate::examples::Random) gives those of any position back.

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

/// Everything that training goes on from.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Where the training is.
    pub progress: Progress,
    /// Weights and the optimiser's moments by name.
    pub tensors: BTreeMap<String, Tensor>,
}

impl Checkpoint {
    /// Says so when a weight or a moment is infinite or no number.
    fn ensure_finite(&self) -> Result<(), CheckpointError> {
        let lost = self.tensors.iter().find(|(_, tensor)| !tensor.values.iter().all(|value| value.is_finite()));
        lost.map_or(Ok(()), |(name, _)| Err(CheckpointError::NotFinite(name.clone())))
    }
}

/// Where a student's training is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Examples seen.
    pub examples: u64,
    /// Steps of the optimiser.
    pub steps: u64,
    /// Time spent training, in seconds.
    pub seconds: f64,
    /// The latest error on the held-out poses.
    pub held_out: Option<HeldOut>,
    /// What the training is made of, by name: with anything else it would be another training.
    #[serde(rename = "ingredients")]
    pub fingerprint: BTreeMap<String, String>,
}

impl Progress {
    /// Of a training that has not begun.
    pub fn new(fingerprint: BTreeMap<String, String>) -> Self {
        Self { examples: 0, steps: 0, seconds: 0.0, held_out: None, fingerprint }
    }

    /// The names of the fingerprint in which another training differs from this one.
    pub fn differing(&self, other: &BTreeMap<String, String>) -> Vec<String> {
        let names: BTreeSet<&String> = self.fingerprint.keys().chain(other.keys()).collect();
        names.into_iter().filter(|name| self.fingerprint.get(*name) != other.get(*name)).cloned().collect()
    }
}

/// An error on the held-out poses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// Examples seen by then.
    pub examples: u64,
    /// Mean absolute difference from the teacher over all pixels and channels, in the networks' units (0 to 2).
    pub l1: f64,
}

/// Why a snapshot cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not begin as a snapshot does.
    #[error("is not a snapshot of this program's")]
    Foreign,
    /// Its bytes are not those that were written.
    #[error("is damaged: its SHA-256 is not the one it was written with")]
    Hash,
    /// The training has diverged; such a state must not take the place of one that is whole.
    #[error("`{0}` holds a number that is not finite: the training has diverged, and the last snapshot is from before")]
    NotFinite(String),
    /// Whole, but not what a snapshot holds.
    #[error("holds something else than a snapshot should: {0}")]
    Content(String),
}
