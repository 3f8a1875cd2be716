//! What the end-to-end tests share.

mod program;

pub use program::{bunraku_exe, shared};
