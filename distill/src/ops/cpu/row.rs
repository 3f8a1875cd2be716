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

/// Floats on a cache line.
const LINE: usize = 16;

/// Floats aligned to a cache line. The buffer never grows, so it stays aligned.
#[derive(Clone, Debug, Default)]
pub(super) struct Aligned {
    data: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// Zeros.
    pub(super) fn new(len: usize) -> Self {
        let data = vec![0.0; len + LINE];
        let start = data.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        Self { data, start, len }
    }
}

impl std::ops::Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.data[self.start..self.start + self.len]
    }
}

impl std::ops::DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..self.start + self.len]
    }
}
