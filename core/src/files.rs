//! Files that are whole or not there at all.

use std::{
    io::{Result, Write as _},
    path::Path,
};

use tempfile::{Builder, NamedTempFile};

/// Writes a file: first under a temporary name in the same folder, then renamed, so that nobody ever reads half of it
/// and a failure leaves what was there before.
///
/// # Errors
/// Those of the file system: no such folder, no permission, a full disk.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let aside = write_aside(path, bytes)?;
    aside.as_file().sync_all()?;
    aside.persist(path)?;
    Ok(())
}

/// As [`replace`], but does not wait for the disk: after a power failure the file may be empty. For frames that come
/// many times a second.
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

/// Temporary files are their owner's alone; these will be ordinary ones (the umask still applies).
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
    fn a_failure_leaves_what_was_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).expect("created");
        replace(&inner, b"bytes").expect_err("a folder is no file");
        assert!(inner.is_dir());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
