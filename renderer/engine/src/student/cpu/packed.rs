//! A layer's weights in the order that the vector code reads them.

use crate::aligned::Aligned;
use bunraku_core::character::Linear;

/// How the vector code tiles a layer's work; depends on the instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    /// Positions in a panel: two vectors.
    pub(super) panel: usize,
    /// Output channels computed at once; with the panel's two vectors they fill the register file.
    pub(super) rows: usize,
}

/// Numbers of output channels that have a kernel, largest first. A layer is split greedily.
const ROWS: [usize; 6] = [12, 8, 6, 4, 2, 1];

/// A layer, its weights laid out block after block, `[inputs, rows of the block]` each.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    most_rows: usize,
    weights: Aligned,
    bias: Vec<f32>,
}

/// Some output channels of a layer.
pub(super) struct Block<'a> {
    /// The first output channel.
    pub(super) first: usize,
    /// `[inputs, rows]`.
    pub(super) weights: &'a [f32],
    /// `[rows]`.
    pub(super) bias: &'a [f32],
}

impl Packed {
    pub(super) fn new(layer: &Linear, tile: Tile) -> Self {
        let mut weights = Vec::with_capacity(layer.weight.len());
        for (first, rows) in blocks(layer.outputs, tile.rows) {
            for input in 0..layer.inputs {
                weights.extend((first..first + rows).map(|row| layer.weight[row * layer.inputs + input]));
            }
        }
        Self {
            inputs: layer.inputs,
            outputs: layer.outputs,
            most_rows: tile.rows,
            weights: Aligned::from(weights.as_slice()),
            bias: layer.bias.clone(),
        }
    }

    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        blocks(self.outputs, self.most_rows).map(|(first, rows)| Block {
            first,
            weights: &self.weights[first * self.inputs..(first + rows) * self.inputs],
            bias: &self.bias[first..first + rows],
        })
    }
}

/// Splits `outputs` channels into blocks of at most `most` that have a kernel: (first channel, rows).
fn blocks(outputs: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = (outputs - first).min(most);
        let rows = ROWS.into_iter().find(|&rows| rows <= left)?;
        first += rows;
        Some((first - rows, rows))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_output_channel_is_in_exactly_one_block() {
        for outputs in 1..400 {
            for most in [6, 12] {
                let mut next = 0;
                for (first, rows) in blocks(outputs, most) {
                    assert_eq!(first, next);
                    assert!(rows <= most);
                    next += rows;
                }
                assert_eq!(next, outputs);
            }
        }
    }
}
