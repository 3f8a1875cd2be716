//! How a stage's positions are divided among workgroups, and its layers laid out for them.

use crate::{EngineError, gpu::GpuContext};
use bunraku_core::character::Linear;

/// Channels are padded to a multiple of this, which the shader takes as many inputs at a time as.
pub(super) const PADDING: usize = 8;

/// Channels that one invocation computes.
const BLOCK: usize = 4;

/// Positions that one invocation computes.
const SPAN: usize = 8;

/// The most positions of a workgroup, and what a stage's positions are padded to a multiple of.
pub(super) const MOST_POSITIONS: usize = 64;

/// The shape of a workgroup of `stage.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    /// Channels of the stage's widest layer, padded.
    pub(super) width: usize,
    /// Positions.
    pub(super) positions: usize,
}

impl Tile {
    /// The largest tile for a stage of `width` channels that fits into the device's workgroups.
    ///
    /// # Errors
    /// [`EngineError::NoAdapter`] when not even the smallest fits.
    pub(super) fn fitting(width: usize, context: &GpuContext) -> Result<Self, EngineError> {
        let limits = context.device.limits();
        let [bytes, threads] =
            [limits.max_compute_workgroup_storage_size, limits.max_compute_invocations_per_workgroup];
        Self::within(width, bytes as usize, threads as usize).ok_or_else(|| {
            let name = &context.info.name;
            EngineError::NoAdapter(format!("{name} has no room for layers of {width} channels; use --engine cpu"))
        })
    }

    /// The largest tile of at most this many bytes and invocations.
    fn within(width: usize, bytes: usize, threads: usize) -> Option<Self> {
        let width = width.next_multiple_of(PADDING);
        let sizes = std::iter::successors(Some(MOST_POSITIONS), |positions| Some(positions / 2));
        let mut tiles = sizes.take_while(|positions| *positions >= SPAN).map(|positions| Self { width, positions });
        tiles.find(|tile| tile.width * tile.positions * 4 <= bytes && tile.threads() <= threads)
    }

    /// Invocations: one for each block of the widest layer.
    pub(super) fn threads(self) -> usize {
        self.width / BLOCK * (self.positions / SPAN)
    }
}

/// Blocks of channels in a layer of `outputs`.
pub(super) fn blocks(outputs: usize) -> usize {
    outputs.next_multiple_of(PADDING) / BLOCK
}

/// A layer's weights for `stage.wgsl`: `[inputs, outputs]`, both zero-padded, then the bias.
pub(super) fn pack(layer: &Linear) -> Vec<f32> {
    let [inputs, outputs] = [layer.inputs, layer.outputs].map(|count| count.next_multiple_of(PADDING));
    let mut packed = vec![0.0; (inputs + 1) * outputs];
    for (o, row) in layer.weight.chunks_exact(layer.inputs).enumerate() {
        for (i, &weight) in row.iter().enumerate() {
            packed[i * outputs + o] = weight;
        }
    }
    packed[inputs * outputs..][..layer.outputs].copy_from_slice(&layer.bias);
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What WebGPU guarantees everywhere.
    const LEAST: [usize; 2] = [16 << 10, 256];

    #[test]
    fn the_standard_widths_fit_the_smallest_device() {
        let [bytes, threads] = LEAST;
        for (width, positions) in [(360, 8), (180, 16), (90, 32), (128, 32)] {
            assert_eq!(Tile::within(width, bytes, threads).map(|tile| tile.positions), Some(positions), "{width}");
        }
        assert_eq!(Tile::within(1032, bytes, threads), None);
    }
}
