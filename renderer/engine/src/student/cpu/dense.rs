//! The inner loop of the CPU engine: a linear layer over panels of positions, with or without the sine.

use super::packed::{Block, Packed};
use crate::sine::sines;
use pulp::Simd;

/// Vectors in a panel.
pub(super) const VECTORS: usize = 2;

/// Where a layer's results go: channel `c` of panel `p` begins at `p * panel + c * channel`.
pub(super) struct Strides {
    pub(super) panel: usize,
    pub(super) channel: usize,
}

/// Applies `layer` to panels laid out `[panels, inputs, panel width]`.
#[inline(always)]
pub(super) fn dense<S: Simd, const SINE: bool>(
    simd: S,
    layer: &Packed,
    input: &[f32],
    out: &mut [f32],
    strides: &Strides,
) {
    for block in layer.blocks() {
        match block.bias.len() {
            12 => over_panels::<S, 12, SINE>(simd, layer, &block, input, out, strides),
            8 => over_panels::<S, 8, SINE>(simd, layer, &block, input, out, strides),
            6 => over_panels::<S, 6, SINE>(simd, layer, &block, input, out, strides),
            4 => over_panels::<S, 4, SINE>(simd, layer, &block, input, out, strides),
            2 => over_panels::<S, 2, SINE>(simd, layer, &block, input, out, strides),
            _ => over_panels::<S, 1, SINE>(simd, layer, &block, input, out, strides),
        }
    }
}

#[inline(always)]
fn over_panels<S: Simd, const ROWS: usize, const SINE: bool>(
    simd: S,
    layer: &Packed,
    block: &Block<'_>,
    input: &[f32],
    out: &mut [f32],
    strides: &Strides,
) {
    let width = VECTORS * S::F32_LANES;
    for (index, panel) in input.chunks_exact(layer.inputs * width).enumerate() {
        let sums = product::<S, ROWS>(simd, block, panel);
        let mut at = index * strides.panel + block.first * strides.channel;
        for row in sums {
            let (to, _) = S::as_mut_simd_f32s(&mut out[at..at + width]);
            for (to, sum) in to.iter_mut().zip(row) {
                *to = if SINE { sines(simd, sum) } else { sum };
            }
            at += strides.channel;
        }
    }
}

/// `ROWS` output channels of one panel. The accumulators stay in registers: each input vector is loaded once and each
/// weight is broadcast once.
#[inline(always)]
fn product<S: Simd, const ROWS: usize>(simd: S, block: &Block<'_>, panel: &[f32]) -> [[S::f32s; VECTORS]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    for (sum, &bias) in sums.iter_mut().zip(block.bias) {
        *sum = [simd.splat_f32s(bias); VECTORS];
    }
    let (inputs, _) = S::as_simd_f32s(panel).0.as_chunks::<VECTORS>();
    let (weights, _) = block.weights.as_chunks::<ROWS>();
    for (input, weights) in inputs.iter().zip(weights) {
        for (sum, &weight) in sums.iter_mut().zip(weights) {
            let weight = simd.splat_f32s(weight);
            for (sum, &input) in sum.iter_mut().zip(input) {
                *sum = simd.mul_add_e_f32s(weight, input, *sum);
            }
        }
    }
    sums
}
