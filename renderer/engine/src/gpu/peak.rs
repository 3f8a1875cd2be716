//! What a device's multiply-adds could do at most, for `bench` to compare with.

use super::{GpuContext, buffers, kernels};
use crate::EngineError;
use bytemuck::{Pod, Zeroable};
use std::time::{Duration, Instant};

/// Workgroups of 64; enough to fill any device.
const GROUPS: u32 = 4096;

/// Multiply-adds of an invocation in one of `peak.wgsl`'s rounds.
const MULTIPLY_ADDS: u32 = 64;

/// A dispatch this long drowns what it costs to start it.
const LONG_ENOUGH: Duration = Duration::from_millis(50);

/// `Peak` of `peak.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct PeakParams {
    rounds: u32,
    factor: f32,
    summand: f32,
}

/// Measures register-resident float32 multiply-adds in 10⁹ operations (two each) a second: the best of three dispatches.
///
/// # Errors
/// [`EngineError::Lost`] when the device is lost.
pub fn peak_gflops(context: &GpuContext) -> Result<f64, EngineError> {
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

/// Times one dispatch of so many rounds.
fn measure(context: &GpuContext, rounds: u32) -> Result<Duration, EngineError> {
    let device = &context.device;
    let (pipeline, bindings) = context.create(|| {
        let module = kernels::module(device, "peak", include_str!("shaders/peak.wgsl"));
        let pipeline = kernels::pipeline(device, "peak", &module, &[]);
        let result = buffers::storage(context, "peak", &vec![0; GROUPS as usize * 64 * 16]);
        let params = PeakParams { rounds, factor: 0.5, summand: 1.0 };
        let bindings = kernels::bind(context, &pipeline, &params, &[result.as_entire_binding()]);
        (pipeline, bindings)
    })?;
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bindings, &[]);
        pass.dispatch_workgroups(GROUPS, 1, 1);
    }
    context.wait()?;
    let start = Instant::now();
    context.queue.submit([encoder.finish()]);
    context.wait()?;
    Ok(start.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_test_support::{Means, missing};

    #[test]
    fn a_peak_is_measured() {
        let Some(context) = GpuContext::new(true).ok().or_else(|| missing(Means::Gpu, "no adapter")) else { return };
        // Two cores without vector instructions do more.
        assert!(peak_gflops(&context).expect("a device that works is measured") > 1.0);
    }
}
