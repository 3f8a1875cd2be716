//! Small files that a person wrote.

use std::{io, io::Read as _, path::Path};

/// In bytes; far more than a file of settings takes.
const LIMIT: u64 = 1 << 20;

/// Refuses what is no regular file before it is opened: a pipe that nobody writes to would be waited for for ever.
///
/// # Errors
/// When it is none, or not there.
pub(crate) fn ensure(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_file() { Ok(()) } else { Err(io::Error::other("it is no regular file")) }
}

/// Reads a regular file of at most 1 MiB of text.
///
/// # Errors
/// When it is none, too large, or not UTF-8.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    ensure(path)?;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LIMIT {
        return Err(io::Error::other(format!("it has more than {LIMIT} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_regular_files_are_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.yaml");
        std::fs::write(&path, "a: 1").expect("written");
        assert_eq!(read(&path).expect("small and regular"), "a: 1");
        std::fs::write(&path, vec![b' '; 1 + LIMIT as usize]).expect("written");
        assert!(read(&path).is_err_and(|error| error.to_string().contains("more than")));
        assert!(read(folder.path()).is_err_and(|error| error.to_string().contains("regular")));
        #[cfg(unix)]
        assert!(read(Path::new("/dev/zero")).is_err_and(|error| error.to_string().contains("regular")));
    }
}
