//! The most multiply-adds that a device can do, and how long its passes take.

use crate::{
    EngineError, Frame,
    gpu::{
        GpuContext, buffers,
        pipeline::{Step, plain},
    },
    native::wait,
    shaders::PEAK,
};
use bytemuck::{Pod, Zeroable};
use std::time::{Duration, Instant};

/// Workgroups of 64; enough to fill any device.
const GROUPS: u32 = 4096;

/// Multiply-adds of an invocation in one of `peak.wgsl`'s rounds.
const MULTIPLY_ADDS: u32 = 64;

/// A dispatch this long outweighs its own start.
const LONG_ENOUGH: Duration = Duration::from_millis(50);

/// `Peak` of `peak.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct PeakParams {
    rounds: u32,
    factor: f32,
    summand: f32,
}

/// Register-resident float32 multiply-adds in 10^9 operations (two each) a second: the best of three dispatches.
///
/// # Errors
/// [`EngineError::Lost`] when the device is lost.
pub(super) fn peak_gflops(context: &GpuContext) -> Result<f64, EngineError> {
    let mut rounds = 4;
    while measure(context, rounds)? < LONG_ENOUGH && rounds < 1 << 20 {
        rounds *= 2;
    }
    let mut best = Duration::MAX;
    for _ in 0..3 {
        best = best.min(measure(context, rounds)?);
    }
    let operations = 2.0 * f64::from(GROUPS * 64) * f64::from(MULTIPLY_ADDS) * f64::from(rounds);
    Ok(operations / best.as_secs_f64() / 1e9)
}

/// Milliseconds between the timestamps of a frame that has been read; none without them.
pub(super) fn passes_ms(frame: &Frame) -> Result<Option<f64>, EngineError> {
    let Frame::Gpu(frame) = frame else { return Ok(None) };
    let Some(timing) = &frame.timing else { return Ok(None) };
    let (context, ticks) = (&frame.context, &timing.ticks);
    let copy = context.create(|| buffers::mappable(context, ticks.size()))?;
    let mut encoder = context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(ticks, 0, &copy, 0, None);
    context.queue.submit([encoder.finish()]);
    copy.map_async(wgpu::MapMode::Read, .., |_| {});
    wait(context, None)?;
    let bytes = copy.get_mapped_range(..);
    let ticks: Vec<u64> = bytes.as_chunks().0.iter().map(|&bytes| u64::from_ne_bytes(bytes)).collect();
    let [begin, end] = ticks[..] else { return Ok(None) };
    Ok(Some(end.saturating_sub(begin) as f64 * f64::from(context.queue.get_timestamp_period()) * 1e-6))
}

/// Times one dispatch of this many rounds.
fn measure(context: &GpuContext, rounds: u32) -> Result<Duration, EngineError> {
    let step = context.create(|| {
        let result = buffers::storage(context, "peak", &vec![0; GROUPS as usize * 64 * 16]);
        let params = PeakParams { rounds, factor: 0.5, summand: 1.0 };
        let pipeline = plain(&context.device, "peak", PEAK);
        Step::new(context, &pipeline, &params, &[result.as_entire_binding()], [GROUPS, 1])
    })?;
    let mut encoder = context.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    step.dispatch(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
    wait(context, None)?;
    let start = Instant::now();
    context.queue.submit([encoder.finish()]);
    wait(context, None)?;
    Ok(start.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_test_support::{Means, missing};

    #[test]
    fn a_peak_is_measured() {
        let context = crate::native::gpu_context(true).or_else(|error| missing(Means::Gpu, error).ok_or(()));
        let Ok(context) = context else { return };
        // Two cores without vector instructions do more.
        assert!(peak_gflops(&context).expect("a device that works is measured") > 1.0);
    }
}
