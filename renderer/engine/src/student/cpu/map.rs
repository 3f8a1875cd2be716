//! A stage's result on its grid.

use crate::aligned::Aligned;

/// Values laid out `[rows, channels, stride]`, the stride being the edge rounded up to whole panels.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) edge: usize,
    pub(super) channels: usize,
    pub(super) stride: usize,
    pub(super) values: Aligned,
}

impl Map {
    pub(super) fn new(edge: usize, channels: usize, panel: usize) -> Self {
        let stride = edge.next_multiple_of(panel);
        Self { edge, channels, stride, values: Aligned::new(edge * channels * stride) }
    }

    /// One channel of one row, `edge` values.
    #[inline(always)]
    pub(super) fn line(&self, row: usize, channel: usize) -> &[f32] {
        let at = (row * self.channels + channel) * self.stride;
        &self.values[at..at + self.edge]
    }
}
