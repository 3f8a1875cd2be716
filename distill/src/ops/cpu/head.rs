//! Handles a block's exit: stores its values, or turns them into a gradient.

use super::entry::Place;

/// Handles the exit of the tiles in a band of rows.
pub(super) trait Head: Send {
    /// Whether the exit's values are read; otherwise they need not be computed.
    fn looks(&self) -> bool {
        true
    }

    /// Takes the exit's channels at the tile's position `index`, and replaces them by their gradient if one is wanted.
    fn position(&mut self, example: usize, place: Place, index: usize, exit: &mut [f32]);
}

/// Stores the values.
pub(super) struct Keep<'a> {
    /// For each example, the band's `[rows, width, channels]`.
    pub(super) examples: Vec<&'a mut [f32]>,
    /// The band's first row in the window.
    pub(super) first: usize,
    pub(super) channels: usize,
}

impl Head for Keep<'_> {
    fn position(&mut self, example: usize, place: Place, index: usize, exit: &mut [f32]) {
        let position = (place.row - self.first) * place.window.width + place.column + index;
        self.examples[example][position * self.channels..][..self.channels].copy_from_slice(exit);
    }
}

/// Puts a given gradient in place of the values.
#[derive(Clone, Copy)]
pub(super) struct Give<'a> {
    /// `[n, height, width, channels]` of the whole window.
    pub(super) gradient: &'a [f32],
    pub(super) channels: usize,
}

impl Head for Give<'_> {
    fn looks(&self) -> bool {
        false
    }

    fn position(&mut self, example: usize, place: Place, index: usize, exit: &mut [f32]) {
        let position = example * place.window.len() + place.row * place.window.width + place.column + index;
        exit.copy_from_slice(&self.gradient[position * self.channels..][..self.channels]);
    }
}
