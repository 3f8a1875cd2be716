//! Reading files within a size limit, and writing them whole or not at all.

use std::{
    fs::File,
    io::{self, Read as _, Result, Write as _},
    path::Path,
};

use tempfile::{Builder, NamedTempFile};

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A folder, pipe or device.
    #[error("is not a regular file")]
    NotAFile,
    /// Larger than any valid file of its kind.
    #[error("is larger than {limit} bytes")]
    TooLarge {
        /// The greatest size accepted.
        limit: u64,
    },
    /// An error of the file system.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads a regular file of at most `limit` bytes. A pipe or device is not opened: reading it might never end.
///
/// # Errors
/// See [`ReadError`].
pub fn read(path: &Path, limit: u64) -> std::result::Result<Vec<u8>, ReadError> {
    if !path.metadata()?.is_file() {
        return Err(ReadError::NotAFile);
    }
    let mut bytes = Vec::new();
    // One byte more than the limit tells a file that is too large from one that just fits, even while it grows.
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(ReadError::TooLarge { limit }) } else { Ok(bytes) }
}

/// Writes a file: first under a temporary name in the same folder, then renamed, so that no reader sees half of it
/// and a failure leaves the old file.
///
/// # Errors
/// Those of the file system: no such folder, no permission, a full disk.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let aside = write_aside(path, bytes)?;
    aside.as_file().sync_all()?;
    aside.persist(path)?;
    Ok(())
}

/// As [`replace`], but does not wait for the disk: after a power failure the file may be empty. For frames, many times
/// a second.
///
/// # Errors
/// As [`replace`].
pub fn replace_unsynced(path: &Path, bytes: &[u8]) -> Result<()> {
    write_aside(path, bytes)?.persist(path)?;
    Ok(())
}

fn write_aside(path: &Path, bytes: &[u8]) -> Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let mut aside = builder().tempfile_in(folder)?;
    aside.write_all(bytes)?;
    Ok(aside)
}

/// The permissions of an ordinary file, where a temporary file is its owner's alone (the umask still applies).
#[cfg(unix)]
fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn builder() -> Builder<'static, 'static> {
    Builder::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        replace(&path, b"one").expect("written");
        replace(&path, b"two").expect("replaced");
        assert_eq!(std::fs::read(&path).expect("there"), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_is_read_up_to_its_limit_and_nothing_but_a_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        std::fs::write(&path, b"three").expect("written");
        assert_eq!(read(&path, 5).expect("it fits"), b"three");
        assert!(matches!(read(&path, 4), Err(ReadError::TooLarge { limit: 4 })));
        assert!(matches!(read(folder.path(), 5), Err(ReadError::NotAFile)));
        assert!(matches!(read(&folder.path().join("b"), 5), Err(ReadError::Io(_))));
    }

    #[test]
    fn a_failure_leaves_what_was_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).expect("created");
        replace(&inner, b"bytes").expect_err("a folder is no file");
        assert!(inner.is_dir());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
