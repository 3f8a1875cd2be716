//! Files that people name: how large they may be, and why one cannot be read.

use bunraku_core::files::ReadError;
use std::io;

pub use bunraku_core::files::read;

/// The greatest size of a configuration's or recipe's file in bytes.
pub const CONFIG_LIMIT: u64 = 64 << 10;

/// The greatest size of a picture's file in bytes; uncompressed it has one million.
pub const PICTURE_LIMIT: u64 = 32 << 20;

/// Why a file cannot be read, as a predicate.
pub fn reason(error: &ReadError) -> String {
    match error {
        ReadError::Io(error) if error.kind() == io::ErrorKind::NotFound => "there is no such file".to_owned(),
        ReadError::Io(error) => format!("cannot be read: {error}"),
        ReadError::NotAFile | ReadError::TooLarge { .. } => error.to_string(),
    }
}

/// Whether it cannot be read because it is not there.
pub(crate) fn is_absent(error: &ReadError) -> bool {
    matches!(error, ReadError::Io(error) if error.kind() == io::ErrorKind::NotFound)
}
