//! Small files that users write.

pub(crate) use bunraku_cli::ensure_regular as ensure;
