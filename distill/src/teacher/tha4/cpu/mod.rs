//! The teacher's layers on the CPU without burn: several times faster than its general operations.
//!
//! Maps are stored pixel by pixel with the channels side by side, so that vectors of channels are loaded whole. 3 x 3
//! convolutions use Winograd's algorithm; those of 4 x 4 and stride 2, and their transposes, become 3 x 3 ones over
//! blocks of 2 x 2 pixels. Norms, activations, resampling and concatenations are computed as a convolution reads its
//! input, sums as it writes its output.

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
