//! Small text files that users write, such as configurations.

use bunraku_core::files::{self, ReadError};
use std::{io, path::Path};

/// The largest text file that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// Checks that `path` is a regular file without opening it: opening a pipe could block forever.
///
/// # Errors
/// When it is not a regular file or does not exist.
pub fn ensure_regular(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_file() { Ok(()) } else { Err(io::Error::other(ReadError::NotAFile)) }
}

/// Reads a regular file of at most 1 MiB of UTF-8.
///
/// # Errors
/// When it is not a regular file, is too large, or is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let bytes = files::read(path, LIMIT).map_err(|error| match error {
        ReadError::Io(error) => error,
        error => io::Error::other(error),
    })?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("is not UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_regular_text_files_are_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.yaml");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("written");
            read_text(&path).map_err(|error| error.to_string())
        };
        assert_eq!(read(b"a: 1").as_deref(), Ok("a: 1"));
        assert!(read(&vec![b' '; 1 + LIMIT as usize]).is_err_and(|why| why.contains("larger than")));
        assert!(read(b"\xff").is_err_and(|why| why.contains("UTF-8")));
    }

    #[test]
    fn folders_and_devices_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let refused = |path: &Path| {
            for error in [read_text(path).map(drop), ensure_regular(path)] {
                assert!(error.is_err_and(|error| error.to_string().contains("regular")), "{}", path.display());
            }
        };
        refused(folder.path());
        #[cfg(unix)]
        refused(Path::new("/dev/zero"));
    }
}
