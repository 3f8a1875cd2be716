//! The most multiply-adds that the processor can do.
#![expect(
    clippy::inline_always,
    reason = "a function that is not inlined into `with_simd` is compiled without the vector instructions"
)]

use crate::{EngineError, student::cpu::Threads};
use pulp::{Simd, WithSimd};
use std::time::{Duration, Instant};

/// Independent sums: enough to hide the latency of a multiply-add on every machine, few enough to stay in registers.
const SUMS: usize = 12;

/// How long to measure.
const LENGTH: Duration = Duration::from_millis(200);

/// Register-resident fused multiply-adds in 10^9 operations (two each) a second, at the widest vectors that the engine
/// uses, on `threads` threads (0 for one per core) at once. The best of three runs.
///
/// # Errors
/// When the threads cannot be started.
pub(super) fn peak_gflops(threads: usize) -> Result<f64, EngineError> {
    let threads = Threads::new(threads)?;
    let run = || threads.on_all(|| threads.arch.dispatch(MultiplyAdds)).into_iter().sum::<f64>();
    Ok((0..3).map(|_| run()).fold(0.0, f64::max))
}

struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let factor = simd.splat_f32s(std::hint::black_box(0.999));
        let mut sums = [simd.splat_f32s(std::hint::black_box(1.0)); SUMS];
        let start = Instant::now();
        let mut rounds = 0_u64;
        while start.elapsed() < LENGTH {
            for _ in 0..10_000 {
                for sum in &mut sums {
                    *sum = simd.mul_add_e_f32s(*sum, factor, factor);
                }
            }
            rounds += 10_000;
        }
        let seconds = start.elapsed().as_secs_f64();
        let total = sums.into_iter().fold(simd.splat_f32s(0.0), |a, b| simd.add_f32s(a, b));
        std::hint::black_box(simd.reduce_sum_f32s(total));
        (rounds * (2 * SUMS * S::F32_LANES) as u64) as f64 / seconds * 1e-9
    }
}
