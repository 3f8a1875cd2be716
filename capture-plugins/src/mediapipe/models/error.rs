//! Errors of loading and installing the tracking models, with what to do about them.

use super::{download::DownloadError, task::TaskError};
use std::{io, path::PathBuf};
use thiserror::Error;

/// Why the tracking models cannot be loaded or installed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelsError {
    /// The user's data folder is unknown.
    #[error("cannot find a folder for the tracking models: set XDG_DATA_HOME")]
    NoFolder,
    /// No models are installed.
    #[error("the tracking models are not installed in {}: run `bunraku models install` once", folder.display())]
    Missing {
        /// Where they should be.
        folder: PathBuf,
    },
    /// A file is not as it was installed.
    #[error("the tracking model {} {what}: run `bunraku models install` again", path.display())]
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it, as a predicate.
        what: String,
    },
    /// A file exists but cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written, for lack of permission or disk space.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not the complete official bundle.
    #[error(
        "{what} is not the complete official face_landmarker.task: it has {bytes} bytes and the SHA-256 {found}, expected \
         {} bytes and {}",
        super::OFFICIAL_BYTES,
        super::OFFICIAL_SHA256
    )]
    Hash {
        /// Which file or URL.
        what: String,
        /// Its size.
        bytes: u64,
        /// Its SHA-256.
        found: String,
    },
    /// The official bundle cannot be read, which is a bug in this program.
    #[error("{what} {fault}")]
    Task {
        /// Which file or URL.
        what: String,
        /// What is wrong with it.
        fault: TaskError,
    },
    /// The bundle cannot be downloaded.
    #[error(transparent)]
    Download(#[from] DownloadError),
}
