//! The GPU engine: a student as compute shaders.
//!
//! ```text
//! columns and bias(pose) ─▶ entry ─▶ layer … layer ─▶ layer (exit) ─▶ the next level's entry   (each stage, in bands)
//! face exit ─▶ paste into the picture;   last exit (the field) + picture ─▶ compose ─▶ planes ─▶ expose ─▶ texture
//! ```
//!
//! Pipelines, buffers and bindings are made once for a view; a frame writes the pose's biases, encodes the same steps
//! and submits. A stage is evaluated in bands of positions, which bounds the memory between layers at any output size.
//! The tests compare every shader with its CPU twin.

mod engine;
mod kernels;
mod program;
mod tile;
mod weights;

#[cfg(test)]
mod tests;

pub use engine::GpuEngine;
