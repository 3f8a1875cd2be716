//! Waits for the GPU.

use crate::{
    CpuFrame, EngineError, Frame, FramePool,
    gpu::{GpuContext, Readback},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A software driver on a busy machine may take seconds for a large frame. A driver that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// Other threads cannot submit while one waits, so waiting is cut into slices.
const SLICE: Duration = Duration::from_millis(4);

/// Waits until `frame` is drawn. A frame in CPU memory already is. Maps nothing and copies nothing.
///
/// # Errors
/// [`EngineError::Lost`] when the device is lost or takes longer than two minutes.
pub fn finish(frame: &Frame) -> Result<(), EngineError> {
    match frame {
        Frame::Cpu(_) => Ok(()),
        Frame::Gpu(frame) => wait(&frame.context, frame.submission.as_ref()),
    }
}

/// Waits until this submission is done, or without one, all work submitted so far.
pub(crate) fn wait(context: &GpuContext, submission: Option<&wgpu::SubmissionIndex>) -> Result<(), EngineError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (submission_index, timeout) = (submission.cloned(), Some(SLICE));
        if context.poll_as(wgpu::PollType::Wait { submission_index, timeout })? {
            return context.check();
        }
        if Instant::now() >= deadline {
            return Err(EngineError::Lost(format!("no answer within {} s", PATIENCE.as_secs())));
        }
    }
}

/// Reads frames and waits for each: for `render`, `bench` and tests.
#[derive(Debug, Default)]
pub struct Reader {
    readback: Readback,
    pool: FramePool,
}

impl Reader {
    /// The pixels of the frame that was drawn last.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device is lost.
    pub fn read(&mut self, frame: &Frame) -> Result<Arc<CpuFrame>, EngineError> {
        let frame = match frame {
            Frame::Cpu(frame) => return Ok(Arc::clone(frame)),
            Frame::Gpu(frame) => frame,
        };
        self.readback.start(frame)?;
        let unread = || EngineError::Lost("the frame could not be read back".into());
        next(&mut self.readback, &mut self.pool)?.ok_or_else(unread)
    }
}

/// The oldest frame on its way, waited for; none if nothing is on its way.
///
/// # Errors
/// [`EngineError::Lost`] when the device is lost. The frames on their way are lost with it.
pub fn next(readback: &mut Readback, pool: &mut FramePool) -> Result<Option<Arc<CpuFrame>>, EngineError> {
    let deadline = Instant::now() + PATIENCE;
    while let Some(context) = readback.context().cloned() {
        wait(&context, None)?;
        // If another thread polls the device, that thread reports the mapping a moment later.
        match readback.poll(pool)? {
            Some(frame) => return Ok(Some(frame)),
            None if Instant::now() < deadline => std::thread::yield_now(),
            None => return Err(EngineError::Lost("the frame could not be read back".into())),
        }
    }
    Ok(None)
}
