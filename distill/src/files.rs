//! Files that people name, read within bounds.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// The greatest size of a configuration's or recipe's file in bytes.
pub(crate) const CONFIG_LIMIT: u64 = 64 << 10;

/// The greatest size of a picture's file in bytes; uncompressed it has one million.
pub(crate) const PICTURE_LIMIT: u64 = 32 << 20;

/// Reads a regular file of at most `limit` bytes. A pipe or device is not opened: reading it might never end.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
    }
    let mut bytes = Vec::new();
    // One byte more than the limit tells a file that is too large from one that just fits, even while it grows.
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= limit {
        return Ok(bytes);
    }
    Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("is larger than {limit} bytes")))
}

/// Why a file cannot be read, as a predicate.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge => error.to_string(),
        _ => format!("cannot be read: {error}"),
    }
}
