//! The shaders against their CPU twins and the engine against the definition, on any adapter.

#![expect(clippy::unwrap_used, reason = "a test ends where its means are missing")]

mod engine;
mod kernels;

use crate::{EngineError, gpu::GpuContext, native};
use bunraku_core::{
    character::{BodyMorpher, CharacterImage, CharacterModel, FaceMorpher, IMAGE_SIZE, Linear},
    pose::{FACE_POSE_LEN, POSE_LEN, Pose},
};
use bunraku_test_support::{Means, missing};
use std::sync::OnceLock;

/// One device for all tests, or none with the test skipped.
fn context() -> Option<&'static GpuContext> {
    static CONTEXT: OnceLock<Result<GpuContext, EngineError>> = OnceLock::new();
    let context = CONTEXT.get_or_init(|| native::gpu_context(true));
    context.as_ref().map_or_else(|error| missing(Means::Gpu, error), Some)
}

/// Numbers in [-1, 1), the same on every run (Knuth's 64-bit linear congruential generator, upper bits).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    fn many(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| scale * self.next()).collect()
    }

    fn pose(&mut self) -> Pose {
        Pose([0.0; POSE_LEN].map(|_| self.next()))
    }

    /// Layers from width to width; values of the size that SIREN's initialisation gives at ω = 30.
    fn layers(&mut self, widths: &[usize]) -> Vec<Linear> {
        let layer = |pair: &[usize]| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let weight = self.many(inputs * outputs, 0.08 / (inputs as f32).sqrt());
            Linear { inputs, outputs, weight, bias: self.many(outputs, 0.02) }
        };
        widths.windows(2).map(layer).collect()
    }

    /// A small student of odd widths and depths, whose picture is noise.
    fn character(&mut self) -> CharacterModel {
        let levels = [
            self.layers(&[2 + POSE_LEN, 19, 11]),
            self.layers(&[11 + 2 + POSE_LEN, 13]),
            self.layers(&[13 + 2 + POSE_LEN, 10, 9, 8]),
        ];
        let mut last = |from, to| self.layers(&[from, to]).remove(0);
        let (face, body) = (last(12, 4), last(8, 7));
        CharacterModel {
            name: "random".into(),
            image: CharacterImage { planes: self.many(4 * IMAGE_SIZE * IMAGE_SIZE, 1.0) },
            face: FaceMorpher { sine: self.layers(&[2 + FACE_POSE_LEN, 12, 12]), last: face },
            body: BodyMorpher { levels, last: body },
        }
    }
}

/// Asserts that no two values differ by more than `limit` and all are numbers; returns the mean difference.
fn assert_close(actual: &[f32], expected: &[f32], limit: f32) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let mut sum = 0.0;
    for (i, (&a, &e)) in actual.iter().zip(expected).enumerate() {
        assert!((a - e).abs() <= limit, "value {i} is {a}, not {e}");
        sum += f64::from((a - e).abs());
    }
    sum / actual.len() as f64
}
