//! The zip container of PyTorch's `.pt` and MediaPipe's `.task`: entries stored without compression, read in place.
//!
//! A general zip reader accepts far more than these files need (compression, encryption, names given twice, several
//! directories to choose from). This one refuses all of that: a file has one meaning, and its cost is bounded by
//! the file's length. Format: PKWARE APPNOTE 4.3.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::untrusted::shown;

/// Why a zip container is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The directory at the file's end is missing or leads nowhere.
    #[error("the directory at its end is missing or damaged; the file may be truncated, copy it again")]
    Directory,
    /// A name that leaves the container's folder.
    #[error("the entry name {} is not a plain relative path", shown(.0))]
    Name(String),
    /// Two entries of one name.
    #[error("the entry {} is there twice", shown(.0))]
    Duplicate(String),
    /// Compressed or encrypted.
    #[error("the entry {} is compressed or encrypted, and must be stored plainly", shown(.0))]
    NotStored(String),
    /// An entry that does not lie within the file, or overlaps another.
    #[error("the entry {} does not lie within the file where its directory says", shown(.0))]
    Bounds(String),
    /// An entry whose bytes do not match its checksum.
    #[error("the entry {} is damaged (its checksum differs); copy the file again", shown(.0))]
    Checksum(String),
    /// A required entry is missing.
    #[error("the entry {} is missing", shown(.0))]
    Missing(String),
}

/// A container whose directory and checksums have been checked.
#[derive(Debug)]
pub struct Archive<'a> {
    entries: BTreeMap<&'a str, &'a [u8]>,
}

impl<'a> Archive<'a> {
    /// Reads the directory; the entries' bytes stay where they are.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub fn open(file: &'a [u8]) -> Result<Self, ArchiveError> {
        let end = Fields(end_record(file).ok_or(ArchiveError::Directory)?);
        let (count, size, start) = (end.u16(10), end.u32(12), end.u32(16));
        let stop = start.checked_add(size).ok_or(ArchiveError::Directory)?;
        let mut directory = file.get(start..stop).ok_or(ArchiveError::Directory)?;
        let body = &file[..start];
        let (mut entries, mut total) = (BTreeMap::new(), 0_usize);
        for _ in 0..count {
            let (record, rest) = Record::split(directory).ok_or(ArchiveError::Directory)?;
            directory = rest;
            let (name, data) = record.check(body)?;
            // Entries that overlap could make a small file large.
            total = total.saturating_add(data.len());
            if total > body.len() {
                return Err(ArchiveError::Bounds(name.to_owned()));
            }
            // A fuzzer would hardly ever get past this.
            if !cfg!(fuzzing) && crc32(data) != record.fields.u32(16) as u32 {
                return Err(ArchiveError::Checksum(name.to_owned()));
            }
            if entries.insert(name, data).is_some() {
                return Err(ArchiveError::Duplicate(name.to_owned()));
            }
        }
        Ok(Self { entries })
    }

    /// All entries' names.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.entries.keys().copied()
    }

    /// The bytes of the entry `name`.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`].
    pub fn read(&self, name: &str) -> Result<&'a [u8], ArchiveError> {
        self.entries.get(name).copied().ok_or_else(|| ArchiveError::Missing(name.to_owned()))
    }
}

/// A record of the central directory.
struct Record<'a> {
    fields: Fields<'a>,
    name: &'a [u8],
}

impl<'a> Record<'a> {
    const LEN: usize = 46;

    fn split(directory: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (fixed, rest) = directory.split_at_checked(Self::LEN)?;
        let fields = Fields(fixed);
        if !fixed.starts_with(b"PK\x01\x02") {
            return None;
        }
        let (name, rest) = rest.split_at_checked(fields.u16(28))?;
        let rest = rest.get(fields.u16(30) + fields.u16(32)..)?;
        Some((Self { fields, name }, rest))
    }

    /// The entry's name and bytes, if both are valid. `body` is the file before the directory.
    fn check(&self, body: &'a [u8]) -> Result<(&'a str, &'a [u8]), ArchiveError> {
        let name = std::str::from_utf8(self.name)
            .map_err(|_| ArchiveError::Name(String::from_utf8_lossy(self.name).into_owned()))?;
        if !is_plain(name) {
            return Err(ArchiveError::Name(name.to_owned()));
        }
        let (flags, method) = (self.fields.u16(8), self.fields.u16(10));
        let (stored, size) = (self.fields.u32(20), self.fields.u32(24));
        if flags & 1 != 0 || method != 0 || stored != size {
            return Err(ArchiveError::NotStored(name.to_owned()));
        }
        let data = local(body, self.fields.u32(42), size).ok_or_else(|| ArchiveError::Bounds(name.to_owned()))?;
        Ok((name, data))
    }
}

/// The bytes after the local header at `offset`.
fn local(body: &[u8], offset: usize, size: usize) -> Option<&[u8]> {
    let (header, rest) = body.get(offset..)?.split_at_checked(30)?;
    if !header.starts_with(b"PK\x03\x04") {
        return None;
    }
    let fields = Fields(header);
    rest.get(fields.u16(26) + fields.u16(28)..)?.get(..size)
}

/// The fixed part of the end-of-directory record: the last one whose comment ends where the file ends.
///
/// PyTorch also writes the 64-bit form before it; a file under the size limit does not need that one's numbers.
fn end_record(file: &[u8]) -> Option<&[u8]> {
    const LEN: usize = 22;
    let last = file.len().checked_sub(LEN)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last)
        .rev()
        .map(|at| &file[at..])
        .find(|tail| tail.starts_with(b"PK\x05\x06") && Fields(tail).u16(20) + LEN == tail.len())
}

/// Whether a name is a relative path that stays within its folder.
fn is_plain(name: &str) -> bool {
    !name.contains(['\\', ':', '\0']) && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Little-endian fields of a record that is known to be long enough for them.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u16(&self, at: usize) -> usize {
        usize::from(u16::from_le_bytes([self.0[at], self.0[at + 1]]))
    }

    fn u32(&self, at: usize) -> usize {
        self.u16(at) | self.u16(at + 2) << 16
    }
}

/// CRC-32 as zip uses it (polynomial 0xEDB88320, reflected).
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let (mut value, mut bit) = (index as u32, 0);
            while bit < 8 {
                value = value >> 1 ^ if value & 1 == 1 { 0xEDB8_8320 } else { 0 };
                bit += 1;
            }
            table[index] = value;
            index += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, &byte| crc >> 8 ^ TABLE[(crc as u8 ^ byte) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standards() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn only_names_that_go_down_are_plain() {
        assert!(is_plain("archive/data/0") && is_plain("archive/.data/serialization_id"));
        for name in ["/etc/passwd", "../x", "a/../x", "a//b", "C:x", "a\\b", ""] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
