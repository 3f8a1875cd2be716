//! What tests need from the machine (reference data, a GPU, a display, PyTorch), and what happens where it is missing.
//!
//! A test without its means is skipped: it prints one line that begins with `skipped:`, and passes. Three environment
//! variables change that:
//!
//! - `BUNRAKU_REQUIRE=shared,gpu,display,torch` makes a test fail if any of the listed means is missing.
//! - `BUNRAKU_SHARED=FOLDER` is where the reference data lies; by default `../shared`, beside the repository.
//! - `BUNRAKU_SKIPPED=FILE` collects the lines in a file, since `cargo test` hides the output of tests that pass.
//!
//! ```
//! # fn open_gpu() -> Option<()> { Some(()) }
//! use bunraku_test_support::{Means, missing, shared};
//!
//! let Some(model) = shared("tha4/characters") else { return };
//! let Some(gpu) = open_gpu().or_else(|| missing(Means::Gpu, "no adapter")) else { return };
//! ```

mod means;
mod shared;

pub use means::{Means, missing};
pub use shared::{shared, shared_files};
