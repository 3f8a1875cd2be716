//! The ways out of this program's errors.

pub(super) use bunraku_cli::{Help, say, stdout};

/// What to do where nothing better is known.
pub(super) const ANYTHING: &str = "`bunraku-distill COMMAND --help` shows the options and an example";
