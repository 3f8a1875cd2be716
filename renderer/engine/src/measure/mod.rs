//! Times avatars the way the peers' scripts in `bench/` time theirs.
#![expect(clippy::disallowed_methods, reason = "measuring reads the clock")]

mod cpu;
mod gpu;

use crate::{Avatar, Description, EngineError, FramePool, native};
use bunraku_core::pose::{POSE_LEN, Pose};
use std::time::Instant;

/// Frames drawn before the first that counts.
const WARM_UP: usize = 3;

/// The pose of a frame: all 45 values differ from the frame before (the peers' formula).
pub fn pose(frame: usize) -> Pose {
    Pose(std::array::from_fn(|i: usize| (0.5 + 0.5 * (0.1 * frame as f64 + i as f64).sin()) as f32))
}

const _: () = assert!(POSE_LEN == 45, "the peers' scripts have 45 values");

/// The most that the machine under an engine can do, in 10^9 operations a second: register-resident float32
/// multiply-adds (2 operations each), on the same threads or adapter.
///
/// # Errors
/// When the device is lost or the threads cannot be started.
pub fn peak_gflops(engine: &Description) -> Result<f64, EngineError> {
    match engine.engine {
        "gpu" => gpu::peak_gflops(&native::gpu_context(true)?),
        _ => cpu::peak_gflops(engine.threads),
    }
}

/// Milliseconds of frames, ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct Times {
    whole: Vec<f64>,
    /// The passes alone, by timestamps; empty on the CPU and on a device without them.
    passes: Vec<f64>,
}

impl Times {
    /// Draws `frames` frames (at least one) after a warm-up, each in a new pose and until the CPU can read it.
    /// `progress` is called after each frame; measuring ends early when it returns false.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn measure(
        avatar: &mut dyn Avatar,
        frames: usize,
        mut progress: impl FnMut() -> bool,
    ) -> Result<Self, EngineError> {
        let (mut pool, mut reader) = (FramePool::default(), native::Reader::default());
        let (mut whole, mut passes) = (Vec::with_capacity(frames), Vec::new());
        for frame in 0..WARM_UP + frames.max(1) {
            let pose = pose(frame);
            let start = Instant::now();
            avatar.set_pose(&pose);
            let drawn = avatar.draw(&mut pool)?;
            reader.read(&drawn)?;
            let time = start.elapsed().as_secs_f64() * 1e3;
            if frame >= WARM_UP {
                whole.push(time);
                passes.extend(gpu::passes_ms(&drawn)?);
                if !progress() {
                    break;
                }
            }
        }
        whole.sort_by(f64::total_cmp);
        passes.sort_by(f64::total_cmp);
        Ok(Self { whole, passes })
    }

    /// Frames measured.
    pub fn frames(&self) -> usize {
        self.whole.len()
    }

    /// The median; the mean of the middle two if their number is even.
    pub fn median(&self) -> f64 {
        median(&self.whole)
    }

    /// The median time of a frame's passes on the GPU, without submitting, waiting and reading; none on the CPU and on
    /// a device without timestamps.
    pub fn gpu_median(&self) -> Option<f64> {
        (!self.passes.is_empty()).then(|| median(&self.passes))
    }

    /// The time that 99 of 100 frames stay within, as the peers' scripts compute it.
    pub fn p99(&self) -> f64 {
        let last = self.whole.len() - 1;
        self.whole[last.min((self.whole.len() as f64 * 0.99) as usize)]
    }
}

fn median(ascending: &[f64]) -> f64 {
    let middle = ascending.len() / 2;
    let odd = ascending.len() % 2 == 1;
    if odd { ascending[middle] } else { 0.5 * (ascending[middle - 1] + ascending[middle]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_p99_follow_the_peers_definitions() {
        let times = |whole: std::ops::Range<i32>| Times { whole: whole.map(f64::from).collect(), passes: vec![] };
        assert_eq!((times(1..5).median(), times(1..5).p99()), (2.5, 4.0));
        assert_eq!((times(0..200).median(), times(0..200).p99()), (99.5, 198.0));
        assert_eq!(times(0..1).gpu_median(), None);
    }

    #[test]
    fn every_value_changes_with_every_frame() {
        let changed = |frame: usize| pose(frame).0.iter().zip(pose(frame + 1).0).all(|(a, b)| *a != b);
        assert!((0..300).all(changed));
    }
}
