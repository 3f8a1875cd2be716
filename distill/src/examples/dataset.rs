//! The poses of a `pose_dataset.pt` (`distill/spec/distiller.md`).

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

/// Why a file holds no poses to train on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PoseDatasetError {
    /// It is there, but not as a file that can be read.
    #[error("{0}")]
    Read(String),
    /// Not a file of a tensor.
    #[error("{0}")]
    File(#[from] WeightsError),
    /// A tensor of something else.
    #[error("its tensor has the shape {0:?}, but poses are [N, {POSE_LEN}]")]
    Shape(Vec<usize>),
    /// No pose at all, or more than can be counted.
    #[error("has {count} poses, but 1 to {} are needed", u32::MAX)]
    Count {
        /// How many.
        count: usize,
    },
    /// A pose that cannot be drawn.
    #[error("its pose {row} has {value} as parameter {column}, which is not a finite number")]
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
    /// Reads a PyTorch file of a tensor `[N, 45]`, or of a tuple or list whose first item is one.
    ///
    /// # Errors
    /// [`PoseDatasetError`] when it is no such file.
    pub fn read(bytes: &[u8]) -> Result<Self, PoseDatasetError> {
        Self::new(Tensor::read_torch(bytes)?)
    }

    /// The poses in the file at `path`, with the SHA-256 of it; none where there is no such file.
    ///
    /// # Errors
    /// [`PoseDatasetError`] when it is there and cannot be read, or is no such file.
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
    /// [`PoseDatasetError`] when it is of another shape, empty, or has values that are not finite.
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
    fn rows_are_poses() {
        let values = (0..2 * POSE_LEN).map(|value| value as f32).collect();
        let dataset = PoseDataset::new(Tensor { shape: vec![2, POSE_LEN], values }).expect("poses");
        assert_eq!((dataset.len(), dataset.pose(1).0[44]), (2, 89.0));
    }

    #[test]
    fn what_holds_no_poses_is_refused_with_the_reason() {
        assert!(refusal(&[3, 44], 0.0).contains("[3, 44]"));
        assert!(refusal(&[45], 0.0).contains("[45]"));
        assert!(refusal(&[0, 45], 0.0).contains("has 0 poses"));
        assert!(refusal(&[2, 45], f32::NAN).contains("pose 0 has NaN as parameter 0"));
        assert!(PoseDataset::read(b"junk").expect_err("refused").to_string().contains("PyTorch zip archive"));
    }
}
