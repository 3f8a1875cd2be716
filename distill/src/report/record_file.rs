//! Files that grow by whole records, and are cut back when a training resumes from an older checkpoint.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
};

/// Opens a file for appending records, after cutting it back to its last good record.
///
/// `whole` gets the rest of the file and returns the length of its first record if the record may stay. The first one
/// that may not, torn or past the checkpoint, ends the file.
///
/// # Errors
/// Any I/O error.
pub(super) fn open_truncated(path: &Path, whole: impl Fn(&[u8]) -> Option<usize>) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let mut kept = 0;
    while let Some(length) = whole(&bytes[kept..]).filter(|length| *length > 0) {
        kept += length;
    }
    if kept < bytes.len() {
        file.set_len(kept as u64)?;
        file.seek(io::SeekFrom::End(0))?;
    }
    Ok(file)
}

/// Appends a record; a part written before an error, as on a full disk, is removed again.
///
/// # Errors
/// Any I/O error.
pub(super) fn append(file: &mut File, record: &[u8]) -> io::Result<()> {
    let before = file.metadata()?.len();
    file.write_all(record).inspect_err(|_| {
        // If even this fails, the next start cuts it off.
        let _ = file.set_len(before);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records of two bytes, the second a full stop.
    fn pair(bytes: &[u8]) -> Option<usize> {
        (bytes.get(1) == Some(&b'.')).then_some(2)
    }

    #[test]
    fn a_torn_end_is_cut_off_before_appending() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a");
        std::fs::write(&path, "a.b.c").expect("written");
        append(&mut open_truncated(&path, pair).expect("opened"), b"d.").expect("appended");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "a.b.d.");
        let only_a = |bytes: &[u8]| pair(bytes).filter(|_| bytes[0] == b'a');
        open_truncated(&path, only_a).expect("opened");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "a.");
    }
}
