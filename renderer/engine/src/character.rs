//! The one place that says which kind of avatar a character holds.

use crate::{
    Avatar, EngineError, View,
    gpu::GpuContext,
    student::{Plan, StudentAvatar},
};
use bunraku_core::{
    character::{CharacterError, CharacterModel},
    mapping::PoseMapping,
};
use std::path::Path;

/// A character that was read and can be drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Character {
    /// A picture and a THA4 student.
    Student(CharacterModel),
}

impl Character {
    /// Reads a character: `path` is its folder, or the YAML in it.
    ///
    /// # Errors
    /// [`CharacterError`] with everything that is wrong with it.
    pub fn open(path: &Path) -> Result<Self, CharacterError> {
        CharacterModel::load(path).map(Self::Student)
    }

    /// Reads a character from the names and bytes of its files; `name` stands for the folder.
    ///
    /// # Errors
    /// [`CharacterError`] with everything that is wrong with it.
    pub fn from_files(name: &str, files: &[(&str, &[u8])]) -> Result<Self, CharacterError> {
        CharacterModel::from_files(name, files).map(Self::Student)
    }

    /// The name, for users.
    pub fn name(&self) -> &str {
        match self {
            Self::Student(model) => &model.name,
        }
    }

    /// Multiply-adds of a frame in which nothing is skipped.
    pub fn multiply_adds(&self, view: View) -> usize {
        match self {
            Self::Student(model) => Plan::new(model).multiply_adds(view),
        }
    }

    /// The avatar, drawn by the processor on `threads` threads, 0 for one per core.
    ///
    /// # Errors
    /// [`EngineError::Threads`] when the threads cannot be started.
    pub fn on_cpu(&self, mapping: PoseMapping, view: View, threads: usize) -> Result<Box<dyn Avatar>, EngineError> {
        match self {
            Self::Student(model) => Ok(Box::new(StudentAvatar::on_cpu(model, mapping, view, threads)?)),
        }
    }

    /// The avatar, drawn on a GPU.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device has no room or is lost.
    pub fn on_gpu(
        &self,
        mapping: PoseMapping,
        view: View,
        context: &GpuContext,
    ) -> Result<Box<dyn Avatar>, EngineError> {
        match self {
            Self::Student(model) => Ok(Box::new(StudentAvatar::on_gpu(model, mapping, view, context)?)),
        }
    }
}

impl From<CharacterModel> for Character {
    fn from(model: CharacterModel) -> Self {
        Self::Student(model)
    }
}
