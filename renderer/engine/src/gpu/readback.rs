//! Copies frames from a GPU to the processor without waiting for them.

use super::{GpuContext, GpuFrame, buffers::mappable};
use crate::{CpuFrame, EngineError, FramePool};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

/// Frames on their way at a time: one is copied while the one before is read.
const SLOTS: usize = 2;

/// A buffer's mapping has not been answered yet.
const PENDING: u8 = 0;
/// The buffer can be read.
const READY: u8 = 1;
/// The buffer could not be mapped.
const FAILED: u8 = 2;

/// Copies frames to the processor, for all outputs that need bytes: exactly the planes that were drawn, in order.
#[derive(Debug, Default)]
pub struct Readback {
    /// Oldest first.
    pending: VecDeque<Transfer>,
    spare: Vec<Transfer>,
}

/// A buffer that receives a frame.
#[derive(Debug)]
struct Transfer {
    context: GpuContext,
    buffer: wgpu::Buffer,
    size: usize,
    state: Arc<AtomicU8>,
}

impl Readback {
    /// Starts to copy the frame that was drawn last. Returns false, and copies nothing, while two are on their way.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device has no room or is lost.
    pub fn start(&mut self, frame: &GpuFrame) -> Result<bool, EngineError> {
        if self.pending.len() == SLOTS {
            return Ok(false);
        }
        self.spare.retain(|transfer| transfer.suits(frame));
        let transfer = self.spare.pop().map_or_else(|| Transfer::new(frame), Ok)?;
        transfer.start(frame);
        frame.context.check()?;
        self.pending.push_back(transfer);
        Ok(true)
    }

    /// The oldest frame, if it has arrived; nothing otherwise. Does not wait.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device is lost. The frames on their way are lost with it.
    pub fn poll(&mut self, pool: &mut FramePool) -> Result<Option<Arc<CpuFrame>>, EngineError> {
        let Some(oldest) = self.pending.front() else { return Ok(None) };
        let arrived = oldest.context.poll().and_then(|()| oldest.has_arrived());
        if arrived.is_err() {
            self.pending.clear();
        }
        if !arrived? {
            return Ok(None);
        }
        Ok(self.pending.pop_front().map(|transfer| {
            let frame = pool.fill(transfer.size, |frame| transfer.read(frame));
            self.spare.push(transfer);
            frame
        }))
    }

    /// The device of the oldest frame on its way.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn context(&self) -> Option<&GpuContext> {
        self.pending.front().map(|copy| &copy.context)
    }

    /// Frames on their way.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}

impl Transfer {
    fn new(frame: &GpuFrame) -> Result<Self, EngineError> {
        let context = frame.context.clone();
        let buffer = context.create(|| mappable(&context, frame.planes.size()))?;
        Ok(Self { context, buffer, size: frame.size(), state: Arc::default() })
    }

    /// Whether frames like this one fit.
    fn suits(&self, frame: &GpuFrame) -> bool {
        self.size == frame.size() && self.context.device == frame.context.device
    }

    fn start(&self, frame: &GpuFrame) {
        let mut encoder = self.context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(&frame.planes, 0, &self.buffer, 0, None);
        self.context.queue.submit([encoder.finish()]);
        self.state.store(PENDING, Ordering::Relaxed);
        let state = Arc::clone(&self.state);
        self.context.map(&self.buffer, move |mapped| {
            state.store(if mapped { READY } else { FAILED }, Ordering::Release);
        });
    }

    fn has_arrived(&self) -> Result<bool, EngineError> {
        match self.state.load(Ordering::Acquire) {
            FAILED => Err(EngineError::Lost("the frame could not be read back".into())),
            state => Ok(state == READY),
        }
    }

    fn read(&self, frame: &mut CpuFrame) {
        bytemuck::cast_slice_mut(&mut frame.planes).copy_from_slice(&self.buffer.get_mapped_range(..));
        self.buffer.unmap();
    }
}
