//! The list of what was installed, with the sums by which damage is noticed.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Name of the list in the folder of the models.
pub(super) const MANIFEST: &str = "manifest.json";

/// What was installed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// 1; another number is another program's.
    pub(super) format: u32,
    /// The file or address that it came from.
    pub(super) source: String,
    /// The bundle's sum.
    pub(super) bundle_sha256: String,
    pub(super) files: Vec<Entry>,
}

/// An installed file.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Manifest {
    /// The only [`Self::format`] there is.
    pub(super) const FORMAT: u32 = 1;
}

impl Entry {
    pub(super) fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), bytes: bytes.len() as u64, sha256: sha256(bytes) }
    }
}

/// The SHA-256 as 64 lower-case digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_written_as_everywhere() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
