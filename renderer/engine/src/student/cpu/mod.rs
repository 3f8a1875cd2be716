//! The CPU engine: a student on vector units and all cores, in 32-bit floats.
//!
//! A stage is computed row by row; rows are shared among the threads. Within a row, positions are taken in *panels* of
//! two vectors, and all of a stage's layers run over one group of panels before the next, so that features stay in the
//! second-level cache and only a stage's exit reaches memory.

#![expect(
    clippy::inline_always,
    reason = "a function that is not inlined into `with_simd` is compiled without the vector instructions"
)]

mod composite;
mod dense;
mod engine;
mod map;
mod outline;
mod packed;
#[cfg(test)]
pub(crate) mod reference;
mod spans;
mod stage;
#[cfg(test)]
mod tests;
mod threads;
mod upsample;

pub use engine::CpuEngine;
pub(crate) use threads::Threads;
pub use threads::instructions;
