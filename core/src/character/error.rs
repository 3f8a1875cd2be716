//! Errors of a character model: what is wrong, where, and what to do.

use std::path::PathBuf;

use thiserror::Error;

use super::{image::PictureError, settings::SettingsError, shape::ShapeError, weights::WeightsError};

/// A character model that cannot be loaded, with everything that is wrong with it.
#[derive(Debug, Error)]
#[error("the character model {} cannot be loaded:{}", path.display(), list(problems))]
pub struct CharacterError {
    /// The path asked for.
    pub path: PathBuf,
    /// All that is wrong; at least one.
    pub problems: Vec<Problem>,
}

/// One thing wrong with a character model, and the file it was found in.
#[derive(Debug, Error)]
#[error("{}: {fault}", file.display())]
pub struct Problem {
    /// The file at fault.
    pub file: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a file of a character model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file does not exist.
    #[error("there is no such file")]
    Missing,
    /// The file exists but cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[source] std::io::Error),
    /// A directory, pipe or device.
    #[error("is not a regular file")]
    NotAFile,
    /// It leads out of the character's folder.
    #[error("lies outside the character's folder")]
    Outside,
    /// Larger than any valid file of its kind.
    #[error("is larger than {limit} bytes, more than a character model's file can need")]
    TooLarge {
        /// The greatest size accepted.
        limit: u64,
    },
    /// The YAML is not a character model's.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The picture is of the wrong kind.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The weights cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The weights are not those of the network they should be.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

impl Fault {
    /// What the user can do about it, as a sentence without a full stop.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Missing | Self::NotAFile | Self::TooLarge { .. } => {
                "give a folder with a character_model.yaml, its picture and its two networks, or that YAML file"
            }
            Self::Read(_) => "check the file's permissions and the disk",
            Self::Outside => "copy the file into the folder and name it relative to the YAML, without `..`",
            Self::Settings(_) => {
                "the YAML holds character_image_file_name, face_morpher_file_name and body_morpher_file_name, \
                 relative to its own folder"
            }
            Self::Picture(_) => "export the picture as an 8-bit RGBA PNG of 512 x 512 pixels",
            Self::Weights(_) => "save the student's state_dict() as .pt (torch.save) or as .safetensors, in float32",
            Self::Shape(_) => "check that the file holds a THA4 student's network, and the right one of the two",
        }
    }
}

/// The problems as a sentence's end: one on the same line, several on a line each.
fn list(problems: &[Problem]) -> String {
    match problems {
        [one] => format!(" {one}"),
        many => many.iter().map(|problem| format!("\n  - {problem}")).collect::<Vec<_>>().concat(),
    }
}
