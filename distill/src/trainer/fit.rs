//! Fits a training into a device's memory.
//!
//! Half of it may hold the replay buffer, a quarter the features of a step. The rest is for the networks, the backend's
//! caches, and other programs.

use super::objective::Objective;
use crate::{
    backend::TrainingBackend,
    ops::StudentOps,
    recipe::{Precision, Replay, StudentRecipe},
};
use burn::tensor::{DType, backend::Backend};

/// The bytes of a feature in a step: the sine's argument, the sine and one gradient, f32 each.
const BYTES_A_FEATURE: u64 = 3 * 4;

/// The limits of a training on a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    /// The replay buffer, with no more pictures than fit.
    pub(crate) replay: Option<Replay>,
    /// Examples computed at once, at least 1; a larger step processes them in parts and sums their gradients.
    pub(crate) at_once: usize,
    /// Whole pictures rendered or compared at once, at least 1.
    pub(crate) whole: usize,
}

impl Fit {
    /// The limits for training `objective` on a device with `memory` bytes.
    pub(crate) fn new<B, L, N>(
        objective: &L,
        student_recipe: &StudentRecipe<N, L::Losses>,
        memory: u64,
        device: &B::Device,
    ) -> Self
    where
        B: TrainingBackend,
        L: Objective<B>,
    {
        let replay =
            student_recipe.replay.map(|wished| Replay { precision: usable::<B>(wished.precision, device), ..wished });
        let replay = replay.map(|usable| with_room(usable, L::KEPT, memory / 2));
        let patch = replay.and_then(|replay| replay.patch).unwrap_or(L::EDGE);
        let share = (patch as f64 / L::EDGE as f64).powi(2);
        let room = |share: f64| {
            let features = (objective.features() as f64 * share) as u64;
            if <B as StudentOps>::LEAN { usize::MAX } else { examples(features, memory / 4) }
        };
        Self { replay, at_once: room(share), whole: room(1.0) }
    }
}

/// The recipe's number format if the device supports it, else f32, which every device does.
fn usable<B: Backend>(precision: Precision, device: &B::Device) -> Precision {
    let format = match precision {
        Precision::F32 => DType::F32,
        Precision::F16 => DType::F16,
        Precision::Bf16 => DType::BF16,
    };
    if B::supports_dtype(device, format) { precision } else { Precision::F32 }
}

/// Limits the pictures, of `numbers` numbers each, to what `room` bytes hold, but to at least one batch of the teacher.
fn with_room(replay: Replay, numbers: usize, room: u64) -> Replay {
    let Replay { pictures, teacher_batch, fill, precision, .. } = replay;
    let picture = (numbers * precision.bytes()) as u64;
    let batches = usize::try_from(room / (picture * teacher_batch as u64)).unwrap_or(usize::MAX).max(1);
    let pictures = pictures.min(batches.saturating_mul(teacher_batch));
    Replay { pictures, fill: fill.min(pictures), ..replay }
}

/// The number of examples with this many features that fit into `room` bytes at once.
fn examples(features: u64, room: u64) -> usize {
    usize::try_from(room / (features * BYTES_A_FEATURE).max(1)).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::Cpu,
        recipe::{FAST, REFERENCE, Recipe},
        student::BodyMorpherConfig,
        trainer::BodyObjective,
    };
    use burn::backend::Autodiff;
    use burn_flex::FlexDevice;

    const GIB: u64 = 1 << 30;

    fn fast() -> Replay {
        Recipe::built_in(FAST).expect("built in").body.replay.expect("kept")
    }

    #[test]
    fn the_replay_buffer_fits_into_the_memory() {
        let body = (3 * 4 + 2) * 512 * 512;
        let wished = Replay { pictures: 1024, teacher_batch: 8, fill: 256, precision: Precision::F16, ..fast() };
        let kept = |room| {
            let Replay { pictures, fill, .. } = with_room(wished, body, room);
            (pictures, fill)
        };
        assert_eq!(kept(8 * GIB), (1024, 256), "7.5 GB are enough");
        assert_eq!(kept(4 * GIB), (584, 256));
        assert_eq!(kept(GIB), (144, 144), "no more are rendered before the first step than are kept");
        assert_eq!(kept(0), (8, 8), "one batch of the teacher is always kept");
        let wide = Replay { precision: Precision::F32, ..wished };
        assert_eq!(with_room(wide, body, 4 * GIB).pictures, 288);
    }

    #[test]
    fn a_step_computes_no_more_examples_at_once_than_fit() {
        let standard = BodyMorpherConfig::standard();
        let objective = BodyObjective::<Autodiff<Cpu>> {
            network: standard,
            first_position: None,
            character: Vec::new(),
            perceptual: None,
        };
        let features = Objective::<Autodiff<Cpu>>::features(&objective);
        assert_eq!(features, 900 * 128 * 128 + 450 * 256 * 256 + 270 * 512 * 512);
        assert_eq!(examples(features as u64, 12 * GIB), 9);
        assert_eq!(examples(features as u64, 2 * GIB), 1);
        assert_eq!(examples(features as u64, 0), 1, "always at least one");
        let reference = Recipe::built_in(REFERENCE).expect("built in").body;
        let fit = Fit::new::<Autodiff<Cpu>, _, _>(&objective, &reference, GIB, &FlexDevice);
        assert_eq!(fit, Fit { replay: None, at_once: usize::MAX, whole: usize::MAX }, "the CPU recomputes features");
    }

    #[test]
    fn a_number_format_of_the_device_is_kept() {
        for precision in [Precision::F32, Precision::F16, Precision::Bf16] {
            assert_eq!(usable::<Cpu>(precision, &FlexDevice), precision);
        }
    }
}
