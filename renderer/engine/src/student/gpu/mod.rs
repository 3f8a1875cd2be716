//! The GPU engine: a student as compute shaders.
//!
//! ```text
//! face stage ─▶ paste into the picture;   low stage ─▶ middle stage ─▶ high stage ─▶ the field
//! field + picture ─▶ compose ─▶ planes ─▶ expose ─▶ texture
//! ```
//!
//! Pipelines, buffers and bindings are made once for a view; a frame writes the pose's biases, encodes the same steps
//! and submits: seven dispatches. A stage is one of them. Each workgroup takes some positions through all of the stage's
//! layers; their features stay in its memory, and the weights come through the caches. One vector of weights, which is the
//! slower to come, serves two of features: of the ways tried on an NVIDIA H200, that was the fastest (`renderer/README.md`).
//!
//! The tests compare every shader with its CPU twin.

mod engine;
mod kernels;
mod program;
mod tile;
mod weights;

#[cfg(test)]
mod tests;

pub use engine::GpuEngine;
