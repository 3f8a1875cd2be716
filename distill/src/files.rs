//! Files that people name: how large they may be, and why one cannot be read.

use bunraku_core::files::ReadError;
use std::{ffi::OsStr, fs, io, path::Path};

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

/// Removes from a folder what a program that was killed while writing left: files that were never renamed. Only a folder's
/// one writer may call it. What cannot be removed only takes space.
pub(crate) fn remove_litter(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    for litter in files.filter(|entry| is_litter(&entry.file_name())) {
        let _ = fs::remove_file(litter.path());
    }
}

/// Whether a file is called as `bunraku_core::files::replace` calls one until it is whole: `.tmp` and six letters or digits.
/// What people call their own files is seldom that.
fn is_litter(name: &OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(".tmp"));
    random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_never_renamed_is_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at(".tmpFolder")).expect("made");
        let kept = [".tmp", ".tmp_notes", ".tmp-a.txt", "a.tmpA1b2C3"];
        for name in kept.iter().chain(&[".tmpA1b2C3"]) {
            fs::write(at(name), "half").expect("written");
        }
        // As the writer itself calls them.
        tempfile::NamedTempFile::new_in(folder.path()).and_then(|file| Ok(file.keep()?)).expect("made");
        remove_litter(folder.path());
        let mut left: Vec<_> = fs::read_dir(folder.path()).expect("there").flatten().map(|it| it.file_name()).collect();
        left.sort();
        let mut expected = vec![".tmpFolder"];
        expected.extend(kept);
        expected.sort_unstable();
        assert_eq!(left, expected);
    }
}
