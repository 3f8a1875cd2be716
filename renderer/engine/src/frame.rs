//! Frames, in CPU or GPU memory.

use crate::gpu::GpuFrame;
use std::sync::Arc;

/// A drawn frame. Cloning it copies no pixels.
#[derive(Clone, Debug)]
pub enum Frame {
    /// In the processor's memory.
    Cpu(Arc<CpuFrame>),
    /// In a GPU's memory.
    Gpu(GpuFrame),
}

impl Frame {
    /// Edge in pixels.
    pub fn size(&self) -> usize {
        match self {
            Self::Cpu(frame) => frame.size,
            Self::Gpu(frame) => frame.size(),
        }
    }
}

/// A square frame in the processor's memory: linear-light premultiplied RGB and alpha, each nominally in [-1, 1], not
/// clipped (`core/spec/images.md`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CpuFrame {
    /// Edge in pixels.
    pub size: usize,
    /// `4 * size * size` values; channel, then row, then column.
    pub planes: Vec<f32>,
}

impl CpuFrame {
    /// Changes the edge to `size` pixels; allocates only when it grows.
    pub fn resize(&mut self, size: usize) {
        self.size = size;
        self.planes.resize(4 * size * size, 0.0);
    }
}

/// Lends out frames and reuses those that nobody holds any more, so that steady drawing allocates nothing.
#[derive(Debug, Default)]
pub struct FramePool(Vec<Arc<CpuFrame>>);

/// Frames that a pool keeps. Outputs hold two or three at a time.
const KEPT: usize = 8;

impl FramePool {
    /// A frame of `size` pixels, filled by `paint`. Its former contents are arbitrary.
    pub fn fill(&mut self, size: usize, paint: impl FnOnce(&mut CpuFrame)) -> Arc<CpuFrame> {
        let free = self.0.iter_mut().position(|frame| Arc::get_mut(frame).is_some());
        let mut frame = free.map(|index| self.0.swap_remove(index)).unwrap_or_default();
        // Nobody else holds it: nothing is cloned.
        let target = Arc::make_mut(&mut frame);
        target.resize(size);
        paint(target);
        if self.0.len() < KEPT {
            self.0.push(Arc::clone(&frame));
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_reused_only_when_nobody_holds_them() {
        let mut pool = FramePool::default();
        let paint = |value: f32| move |frame: &mut CpuFrame| frame.planes.fill(value);
        let first = pool.fill(2, paint(1.0));
        let second = pool.fill(2, paint(2.0));
        assert_eq!((first.planes[0], second.planes[0]), (1.0, 2.0));
        let address = Arc::as_ptr(&first);
        drop(first);
        let third = pool.fill(3, paint(3.0));
        assert_eq!((Arc::as_ptr(&third), third.size, third.planes.len()), (address, 3, 36));
        assert_eq!(second.planes, [2.0; 16]);
    }

    #[test]
    fn a_pool_does_not_grow_with_the_frames_held() {
        let mut pool = FramePool::default();
        let held: Vec<_> = (0..2 * KEPT).map(|_| pool.fill(1, |_| ())).collect();
        assert_eq!((held.len(), pool.0.len()), (2 * KEPT, KEPT));
    }
}
