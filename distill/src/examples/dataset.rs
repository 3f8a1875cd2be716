//! Reads the poses of a `pose_dataset.pt` (`distill/spec/distiller.md`).

use crate::{
    digest::sha256,
    files::{is_absent, read, reason},
};
use bunraku_core::{
    character::{Tensor, WEIGHTS_LIMIT, WeightsError},
    pose::{POSE_LEN, Pose},
};
use std::path::Path;
use thiserror::Error;

/// Poses to train on, at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct PoseDataset {
    /// One pose after the other.
    values: Vec<f32>,
}

/// Why a file is no pose dataset.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PoseDatasetError {
    /// The file exists but cannot be read.
    #[error("{0}")]
    Read(String),
    /// Not a file with a tensor.
    #[error("{0}")]
    File(#[from] WeightsError),
    /// A tensor of another shape.
    #[error("its tensor has the shape {0:?}, not [N, {POSE_LEN}]")]
    Shape(Vec<usize>),
    /// No poses, or more than 32 bits can count.
    #[error("has {count} poses: expected 1 to {}", u32::MAX)]
    Count {
        /// The number of poses.
        count: usize,
    },
    /// A pose with a value that is not finite.
    #[error("pose {row} has {value} as parameter {column}, which is not a finite number")]
    NotFinite {
        /// Index of the pose.
        row: usize,
        /// Index of the parameter.
        column: usize,
        /// The value.
        value: f32,
    },
}

impl PoseDataset {
    /// Reads a PyTorch file of a tensor `[N, 45]`, or of a tuple or list that starts with one.
    ///
    /// # Errors
    /// [`PoseDatasetError`].
    pub fn read(bytes: &[u8]) -> Result<Self, PoseDatasetError> {
        Self::new(Tensor::read_torch(bytes)?)
    }

    /// The poses in the file at `path` and its SHA-256; `None` if there is no such file.
    ///
    /// # Errors
    /// [`PoseDatasetError`].
    pub fn open(path: &Path) -> Result<Option<(Self, String)>, PoseDatasetError> {
        match read(path, WEIGHTS_LIMIT) {
            Ok(bytes) => Ok(Some((Self::read(&bytes)?, sha256(&bytes)))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(PoseDatasetError::Read(reason(&error))),
        }
    }

    /// The poses in a tensor `[N, 45]`.
    ///
    /// # Errors
    /// [`PoseDatasetError`] for another shape, no poses, or values that are not finite.
    pub fn new(tensor: Tensor) -> Result<Self, PoseDatasetError> {
        let Tensor { shape, values } = tensor;
        let [count, POSE_LEN] = shape[..] else { return Err(PoseDatasetError::Shape(shape)) };
        if count == 0 || u32::try_from(count).is_err() {
            return Err(PoseDatasetError::Count { count });
        }
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(Self { values }),
            Some(at) => {
                Err(PoseDatasetError::NotFinite { row: at / POSE_LEN, column: at % POSE_LEN, value: values[at] })
            }
        }
    }

    /// The number of poses.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.values.len() / POSE_LEN
    }

    /// The pose at `index`, below [`len`](Self::len).
    pub(super) fn pose(&self, index: usize) -> Pose {
        Pose(self.values.as_chunks::<POSE_LEN>().0[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(shape: &[usize], value: f32) -> String {
        let values = vec![value; shape.iter().product()];
        PoseDataset::new(Tensor { shape: shape.to_vec(), values }).expect_err("refused").to_string()
    }

    #[test]
    fn each_row_is_a_pose() {
        let values = (0..2 * POSE_LEN).map(|value| value as f32).collect();
        let dataset = PoseDataset::new(Tensor { shape: vec![2, POSE_LEN], values }).expect("poses");
        assert_eq!((dataset.len(), dataset.pose(1).0[44]), (2, 89.0));
    }

    #[test]
    fn an_invalid_dataset_is_refused_with_the_reason() {
        assert!(refusal(&[3, 44], 0.0).contains("[3, 44]"));
        assert!(refusal(&[45], 0.0).contains("[45]"));
        assert!(refusal(&[0, 45], 0.0).contains("has 0 poses"));
        assert!(refusal(&[2, 45], f32::NAN).contains("pose 0 has NaN as parameter 0"));
        assert!(PoseDataset::read(b"junk").expect_err("refused").to_string().contains("PyTorch zip archive"));
    }
}
