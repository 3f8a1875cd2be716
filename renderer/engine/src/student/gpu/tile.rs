//! How a layer's outputs are divided among workgroups, and its weights laid out for them.

use bunraku_core::character::Linear;

/// Inputs in workgroup memory at a time; `DEPTH` in `layer.wgsl`.
const DEPTH: usize = 8;

/// Channels and positions that one invocation computes.
const BLOCK: usize = 8;

/// Positions come in multiples of this, the widest tile's.
pub(super) const POSITION_MULTIPLE: usize = 256;

/// The shape of a workgroup of `layer.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    /// Invocations along the channels, [`BLOCK`] each.
    pub(super) out_threads: usize,
    /// Invocations along the positions, [`BLOCK`] each.
    pub(super) position_threads: usize,
}

impl Tile {
    /// The tile for a layer with `outputs` channels.
    ///
    /// Little padding, workgroups of 32 to 128 invocations, at most 8.5 KiB of workgroup memory.
    pub(super) fn new(outputs: usize) -> Self {
        let blocks = outputs.div_ceil(BLOCK);
        let tiles = blocks.div_ceil(16);
        let out_threads = match blocks.div_ceil(tiles) {
            0 | 1 => 1,
            2 => 2,
            n => n.next_multiple_of(4),
        };
        Self { out_threads, position_threads: (32 / out_threads).max(8) }
    }

    /// Channels of a workgroup.
    pub(super) fn channels(self) -> usize {
        BLOCK * self.out_threads
    }

    /// Positions of a workgroup.
    pub(super) fn positions(self) -> usize {
        BLOCK * self.position_threads
    }
}

/// A layer's weights for `layer.wgsl`: `[inputs + 1, outputs]`, zero-padded to whole tiles; the last row is the bias.
pub(super) fn pack(layer: &Linear, tile: Tile) -> Vec<f32> {
    let inputs = layer.inputs.next_multiple_of(DEPTH);
    let outputs = layer.outputs.next_multiple_of(tile.channels());
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

    #[test]
    fn every_width_fits_the_smallest_workgroup_limits() {
        for outputs in 1..2000 {
            let tile = Tile::new(outputs);
            let threads = tile.out_threads * tile.position_threads;
            assert!(threads.is_multiple_of(32) && threads <= 128, "{outputs}: {tile:?}");
            assert!(4 * DEPTH * (tile.channels() + tile.positions()) <= 16352, "{outputs}: {tile:?}");
            assert_eq!(POSITION_MULTIPLE % tile.positions(), 0, "{outputs}: {tile:?}");
        }
    }

    #[test]
    fn the_standard_widths_waste_little() {
        for (outputs, padded) in [(90_usize, 96), (180, 192), (360, 384), (128, 128), (7, 8), (4, 8)] {
            assert_eq!(outputs.next_multiple_of(Tile::new(outputs).channels()), padded);
        }
    }
}
