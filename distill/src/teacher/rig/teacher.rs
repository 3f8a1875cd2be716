//! The rig as a [`Teacher`]: draws poses on the host and moves them to the training device.

use super::{Rig, RigError, RigFrame};
use crate::teacher::{Posed, Teacher};
use bunraku_core::{
    character::{FACE_SIZE, IMAGE_SIZE},
    pose::{POSE_LEN, Pose},
};
use burn::tensor::{Tensor, TensorData, backend::Backend};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Layered art as a teacher.
#[derive(Debug)]
pub struct RigTeacher<B: Backend> {
    rig: Rig,
    path: PathBuf,
    device: B::Device,
}

impl<B: Backend> RigTeacher<B> {
    /// Opens layered art.
    ///
    /// # Errors
    /// All faults of the art.
    pub fn open(path: &Path, device: B::Device) -> Result<Self, RigError> {
        Ok(Self { rig: Rig::open(path)?, path: path.to_path_buf(), device })
    }

    fn tensor<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<B, D> {
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }

    /// A part of several frames as one tensor.
    fn stack(&self, parts: Vec<Vec<f32>>, channels: usize) -> Tensor<B, 4> {
        let shape = [parts.len(), channels, IMAGE_SIZE, IMAGE_SIZE];
        self.tensor(joined(parts), shape)
    }
}

/// All of them in a row.
fn joined(mut parts: Vec<Vec<f32>>) -> Vec<f32> {
    if parts.len() == 1 { parts.remove(0) } else { parts.concat() }
}

impl<B: Backend> Teacher<B> for RigTeacher<B> {
    fn describe(&self) -> String {
        format!("rig of {} (SHA-256 {})", self.path.display(), self.rig.sha256())
    }

    fn identity(&self) -> Vec<(String, String)> {
        vec![("art".to_owned(), self.rig.sha256().to_owned())]
    }

    fn pose(&mut self, poses: Tensor<B, 2>) -> Posed<B> {
        let frames = poses_of(poses).into_par_iter().map(|pose| self.rig.pose(&pose)).collect();
        let Parts { posed, warped, grid_change, alpha, face_morphed_full } = Parts::of(frames);
        Posed {
            posed: self.stack(posed, 4),
            warped: self.stack(warped, 4),
            grid_change: self.stack(grid_change, 2),
            alpha: self.stack(alpha, 1),
            face_morphed_full: self.stack(face_morphed_full, 4),
        }
    }

    fn face(&mut self, poses: Tensor<B, 2>) -> Tensor<B, 4> {
        let poses = poses_of(poses);
        let faces: Vec<_> = poses.par_iter().map(|pose| self.rig.face(pose)).collect();
        self.tensor(joined(faces), [poses.len(), 4, FACE_SIZE, FACE_SIZE])
    }
}

/// The same part of all frames, part by part.
#[derive(Default)]
struct Parts {
    posed: Vec<Vec<f32>>,
    warped: Vec<Vec<f32>>,
    grid_change: Vec<Vec<f32>>,
    alpha: Vec<Vec<f32>>,
    face_morphed_full: Vec<Vec<f32>>,
}

impl Parts {
    fn of(frames: Vec<RigFrame>) -> Self {
        let mut parts = Self::default();
        for frame in frames {
            parts.posed.push(frame.posed);
            parts.warped.push(frame.warped);
            parts.grid_change.push(frame.grid_change);
            parts.alpha.push(frame.alpha);
            parts.face_morphed_full.push(frame.face_morphed_full);
        }
        parts
    }
}

/// The rows of `[n, 45]`; missing values are 0.
fn poses_of<B: Backend>(poses: Tensor<B, 2>) -> Vec<Pose> {
    let width = poses.dims()[1].max(1);
    let values: Vec<f32> = poses.into_data().iter::<f32>().collect();
    values.chunks(width).map(pose_of).collect()
}

fn pose_of(row: &[f32]) -> Pose {
    let mut pose = Pose::default();
    let known = row.len().min(POSE_LEN);
    pose.0[..known].copy_from_slice(&row[..known]);
    pose
}
