//! Why a download failed, with what to do about it.

use super::LIMIT;
use std::{io, path::PathBuf};
use thiserror::Error;

/// Why a download failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The server cannot be reached.
    #[error("cannot download {address}: {why}")]
    Unreachable {
        /// The URL.
        address: String,
        /// The connection's error.
        why: String,
    },
    /// The server refused.
    #[error("cannot download {address}: the server answered with status {status}")]
    Status {
        /// The URL.
        address: String,
        /// The HTTP status.
        status: u16,
    },
    /// The connection kept breaking off.
    #[error("the download of {address} broke off after {bytes} bytes ({why}): run the command again to resume")]
    Broken {
        /// The URL.
        address: String,
        /// The total received so far.
        bytes: u64,
        /// The connection's error.
        why: String,
    },
    /// The download was stopped.
    #[error("the download was stopped after {bytes} bytes: run the command again to resume")]
    Stopped {
        /// The total received so far.
        bytes: u64,
    },
    /// The content is larger than any bundle.
    #[error("{address} has more than {LIMIT} bytes, far more than the bundle")]
    TooLarge {
        /// The URL.
        address: String,
    },
    /// Another process is downloading to the same file.
    #[error("another `bunraku models install` is already downloading to {}", part.display())]
    Busy {
        /// The file.
        part: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write {}", part.display())]
    Write {
        /// The file.
        part: PathBuf,
        /// Why.
        source: io::Error,
    },
}
