//! Limits, errors and leftovers of the files that the distiller reads and writes.

use bunraku_core::files::ReadError;
use std::{ffi::OsStr, fs, io, path::Path};

pub use bunraku_core::files::read;

/// The largest configuration or recipe file in bytes.
pub const CONFIG_LIMIT: u64 = 64 << 10;

/// The largest picture file in bytes; uncompressed, a picture has one million.
pub const PICTURE_LIMIT: u64 = 32 << 20;

/// Why a file cannot be read, to follow its name.
pub fn reason(error: &ReadError) -> String {
    match error {
        ReadError::Io(error) if error.kind() == io::ErrorKind::NotFound => "no such file".to_owned(),
        ReadError::Io(error) => format!("cannot be read: {error}"),
        ReadError::NotAFile | ReadError::TooLarge { .. } => error.to_string(),
    }
}

/// Whether the file does not exist.
pub(crate) fn is_absent(error: &ReadError) -> bool {
    matches!(error, ReadError::Io(error) if error.kind() == io::ErrorKind::NotFound)
}

/// Removes the temporary files that a killed program left in a folder. Only the folder's one writer may call it. Errors
/// are ignored: a leftover only takes space.
pub(crate) fn remove_litter(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    for litter in files.filter(|entry| is_litter(&entry.file_name())) {
        let _ = fs::remove_file(litter.path());
    }
}

/// Whether a file has a temporary name of `bunraku_core::files::replace`: `.tmp` and six letters or digits, unlike most
/// names that users choose.
fn is_litter(name: &OsStr) -> bool {
    let random = name.to_str().and_then(|name| name.strip_prefix(".tmp"));
    random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_temporary_files_are_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at(".tmpFolder")).expect("made");
        let kept = [".tmp", ".tmp_notes", ".tmp-a.txt", "a.tmpA1b2C3"];
        for name in kept.iter().chain(&[".tmpA1b2C3"]) {
            fs::write(at(name), "half").expect("written");
        }
        // Named by the writer itself.
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
