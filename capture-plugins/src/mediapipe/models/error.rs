//! What can go wrong with the tracking models, in words that say what to do.

use super::{download::DownloadError, task::TaskError};
use std::{io, path::PathBuf};
use thiserror::Error;

/// Why the tracking models cannot be loaded or installed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelsError {
    /// The environment names no place for a person's data.
    #[error("there is no folder for the tracking models: set XDG_DATA_HOME to one")]
    NoFolder,
    /// Nothing is installed.
    #[error("the tracking models are not installed in {}: run `bunraku models install` once", folder.display())]
    Missing {
        /// Where they should be.
        folder: PathBuf,
    },
    /// Not what was installed any more.
    #[error("the tracking model {} {what}: run `bunraku models install` again", path.display())]
    Damaged {
        /// The file at fault.
        path: PathBuf,
        /// What is wrong with it, as a predicate.
        what: String,
    },
    /// A file that is there cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No permission, a full disk.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another file than the official bundle, or a part of it.
    #[error(
        "{what} is not the official face_landmarker.task, or not all of it: it has {bytes} bytes and the SHA-256 {found}, \
         expected are {} bytes and {}",
        super::OFFICIAL_BYTES,
        super::OFFICIAL_SHA256
    )]
    Hash {
        /// Which file or address.
        what: String,
        /// Its length.
        bytes: u64,
        /// Its sum.
        found: String,
    },
    /// The bundle is the official one and yet is not understood: a fault of this program.
    #[error("{what} {fault}")]
    Task {
        /// Which file or address.
        what: String,
        /// What is wrong with it.
        fault: TaskError,
    },
    /// It could not be downloaded.
    #[error(transparent)]
    Download(#[from] DownloadError),
}
