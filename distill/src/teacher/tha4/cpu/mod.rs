//! The teacher's layers on a processor, without burn: several times faster than its general operations.
//!
//! Maps lie pixel by pixel, channels side by side, so that vectors of channels are loaded whole. 3 x 3 convolutions
//! are Winograd's; those of 4 x 4 and stride 2, and their transposes, become 3 x 3 ones over the pixels of each 2 x 2
//! side by side. Norms, activations, changes of size and concatenations are computed as a convolution reads its input,
//! sums as it writes its output.

#![expect(
    clippy::inline_always,
    reason = "what is not inlined is compiled without the instructions that were dispatched to"
)]

mod attention;
mod conv;
mod exact;
mod gemm;
mod layers;
mod map;
mod moments;
mod picture;
mod pool;
mod winograd;

#[cfg(test)]
mod tests;

pub(super) use layers::CpuLayers;
pub(super) use map::Map;
pub(super) use pool::Engine;
