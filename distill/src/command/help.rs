//! The general help of this program's errors.

pub(super) use bunraku_cli::{Help, say, stdout};

/// What to do about an error without help of its own.
pub(super) const ANYTHING: &str = "`bunraku-distill COMMAND --help` shows the options and an example";
