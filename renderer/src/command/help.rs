//! The ways out of this program's errors, and what it says.

pub(crate) use bunraku_cli::{Help, Helped, say, stdout};

/// What to do where no engine could be opened.
pub(crate) const NO_ENGINE: &str =
    "`bunraku doctor` says what this machine can draw with; `--engine cpu` works everywhere";

/// What to do where a source cannot be opened.
pub(crate) const NO_SOURCE: &str = "`bunraku sources` shows every source, its settings, and an example that works";

/// What to do where nothing better is known.
pub(crate) const ANYTHING: &str =
    "`bunraku COMMAND --help` shows the options and an example, `bunraku doctor` looks at this machine";
