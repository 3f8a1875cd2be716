//! What to do about the errors that several commands share.

pub(crate) use bunraku_cli::{Help, Helped, say, stdout};

/// What to do if no engine can be opened.
pub(crate) const NO_ENGINE: &str =
    "`bunraku doctor` shows what this machine can draw with; `--engine cpu` works everywhere";

/// What to do if a source cannot be opened.
pub(crate) const NO_SOURCE: &str = "`bunraku sources` lists every source with its settings and an example";

/// What to do about an error without help of its own.
pub(crate) const ANYTHING: &str =
    "`bunraku COMMAND --help` shows the options and an example; `bunraku doctor` checks this machine";
