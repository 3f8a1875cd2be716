//! Identifies files by their content.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of bytes, in 64 hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
