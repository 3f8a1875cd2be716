//! Rows of channels: the memory layout of features while a tile is computed.

/// The channels of one position, aligned to a cache line. `LD` is a multiple of 16 and an odd number of cache lines, so
/// that a column of rows spreads over the cache's sets; as it is known at compile time, the kernels address all rows
/// from one pointer.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Row<const LD: usize>(pub(super) [f32; LD]);

impl<const LD: usize> Row<LD> {
    pub(super) const ZERO: Self = Self([0.0; LD]);
}

/// Zeroed rows.
pub(super) fn rows<const LD: usize>(count: usize) -> Vec<Row<LD>> {
    vec![Row::ZERO; count]
}
