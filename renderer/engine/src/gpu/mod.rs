//! The GPU engine: compute shaders through wgpu (Vulkan, Metal, DX12, GL), software drivers included.
//!
//! ```text
//! columns and bias(pose) ─▶ entry ─▶ layer … layer ─▶ layer (exit) ─▶ the next level's entry   (each stage, in bands)
//! face exit ─▶ paste into the picture;   last exit (the field) + picture ─▶ compose ─▶ frame ─▶ CPU, or expose ─▶ texture
//! ```
//!
//! Pipelines, buffers and bindings are made once for a [`Detail`](super::Detail); a frame writes the pose's biases,
//! encodes the same `Step`s and submits. A stage is evaluated in bands of positions, which bounds the memory
//! between layers at any output size. Every shader is held to its twin in
//! [`cpu::reference`](super::cpu::reference) by the tests.

mod adapters;
mod buffers;
mod context;
mod engine;
mod kernels;
mod peak;
mod program;
mod tile;
mod weights;

#[cfg(test)]
mod tests;

pub use adapters::{AdapterSummary, adapters};
pub use context::GpuContext;
pub use engine::GpuEngine;
pub use peak::peak_gflops;
