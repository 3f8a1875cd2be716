//! A step's examples: fresh pictures of the teacher's, or such as it painted before.

use super::lesson::{Lesson, Shown};
use crate::{
    backend::TrainingBackend,
    examples::{Poses, Random, Use},
    ops::Window,
    recipe::{Precision, Replay},
    teacher::Teacher,
};
use bunraku_core::pose::{POSE_LEN, Pose};
use burn::tensor::{Tensor, TensorData, backend::Backend};
use std::collections::VecDeque;

/// What a step learns from.
#[derive(Clone)]
pub(crate) struct Examples<B: Backend> {
    /// `[n, 45]`.
    pub(crate) poses: Tensor<B, 2>,
    pub(crate) shown: Shown<B>,
    /// Where they are looked at.
    pub(crate) window: Window,
}

/// Which part of each step's examples is a device's, of those that train together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Which device it is, from 0.
    pub(crate) rank: u64,
    /// How many there are.
    pub(crate) count: u64,
}

impl Share {
    /// All of them.
    pub(crate) const WHOLE: Self = Self { rank: 0, count: 1 };
}

/// Poses as a tensor `[n, 45]`.
pub(crate) fn tensor<B: Backend>(poses: &[Pose], device: &B::Device) -> Tensor<B, 2> {
    let values = poses.iter().flat_map(|pose| pose.0).collect();
    Tensor::from_data(TensorData::new(values, [poses.len(), POSE_LEN]), device)
}

/// The teacher's pictures, as far as they are kept.
pub(crate) struct Gallery<B: Backend> {
    poses: Poses,
    /// Examples a step, of this device.
    batch: usize,
    share: Share,
    device: B::Device,
    /// Of what is painted, in pixels.
    edge: usize,
    replay: Option<Kept<B>>,
}

/// Pictures kept to be learnt from again.
struct Kept<B: Backend> {
    settings: Replay,
    seed: u64,
    /// The oldest first.
    pictures: VecDeque<(Pose, Shown<B>)>,
    /// Batches painted by this device since the training's beginning, those that are gone too.
    batches: u64,
}

impl<B: Backend> Gallery<B> {
    /// A gallery before the step `step` of the optimiser, empty: what it should hold is painted again.
    pub(crate) fn new(
        poses: Poses,
        batch: usize,
        share: Share,
        device: B::Device,
        edge: usize,
        replay: Option<(Replay, u64, u64)>,
    ) -> Self {
        let replay = replay.map(|(settings, seed, step)| {
            let batches = due(&settings, step).saturating_sub((settings.pictures / settings.teacher_batch) as u64);
            Kept { settings, seed, pictures: VecDeque::new(), batches }
        });
        Self { poses, batch, share, device, edge, replay }
    }

    /// How many batches the teacher has to paint before the step `step`.
    pub(crate) fn missing(&self, step: u64) -> u64 {
        self.replay.as_ref().map_or(0, |kept| due(&kept.settings, step).saturating_sub(kept.batches))
    }

    /// Has the teacher paint one batch, to be kept.
    pub(crate) fn paint<A, L>(&mut self, lesson: &L, teacher: &mut dyn Teacher<B>)
    where
        A: TrainingBackend<InnerBackend = B>,
        L: Lesson<A>,
    {
        let Some(kept) = &mut self.replay else { return };
        let Replay { pictures, teacher_batch, precision, .. } = kept.settings;
        let first = (kept.batches * self.share.count + self.share.rank) * teacher_batch as u64;
        let poses: Vec<Pose> = (first..first + teacher_batch as u64).map(|index| self.poses.at(index)).collect();
        let shown = lesson.show(teacher, tensor(&poses, &self.device)).cast(precision);
        kept.pictures.extend(poses.into_iter().zip(shown.split()));
        let surplus = kept.pictures.len().saturating_sub(pictures);
        kept.pictures.drain(..surplus);
        kept.batches += 1;
    }

    /// The examples of a step, after `seen` examples.
    pub(crate) fn examples<A, L>(
        &mut self,
        lesson: &L,
        teacher: &mut dyn Teacher<B>,
        step: u64,
        seen: u64,
    ) -> Examples<B>
    where
        A: TrainingBackend<InnerBackend = B>,
        L: Lesson<A>,
    {
        let whole = Window::whole(self.edge);
        let Some(kept) = &self.replay else {
            let first = seen + self.share.rank * self.batch as u64;
            let poses: Vec<Pose> = (first..first + self.batch as u64).map(|index| self.poses.at(index)).collect();
            let poses = tensor(&poses, &self.device);
            return Examples { shown: lesson.show(teacher, poses.clone()), poses, window: whole };
        };
        let mut random = Random::new(kept.seed, Use::Replay, step * self.share.count + self.share.rank);
        let mut pick = || &kept.pictures[random.below(kept.pictures.len() as u64) as usize];
        let (poses, shown): (Vec<Pose>, Vec<&Shown<B>>) = (0..self.batch).map(|_| pick()).map(|(p, s)| (*p, s)).unzip();
        let shown = Shown::join(&shown).cast(Precision::F32);
        let window = kept.settings.patch.map_or(whole, |size| patch(kept.seed, step, self.edge, size));
        Examples { poses: tensor(&poses, &self.device), shown, window }
    }
}

/// Batches that the teacher has painted when the step `step` begins: those before the first step, and one every few.
fn due(settings: &Replay, step: u64) -> u64 {
    (settings.fill / settings.teacher_batch) as u64 + step / settings.steps
}

/// A random square of `size` pixels, at multiples of 4 so that the levels' windows are of few sizes. Its place is drawn
/// half a patch beyond the edges and moved inside, so that pixels near them are seen often enough.
fn patch(seed: u64, step: u64, edge: usize, size: usize) -> Window {
    const ALIGN: usize = 4;
    let mut random = Random::new(seed, Use::Patches, step);
    let last = edge - size;
    let mut place = || {
        let drawn = random.below((edge + 1) as u64) as usize;
        drawn.saturating_sub(size / 2).min(last) / ALIGN * ALIGN
    };
    let (row, column) = (place(), place());
    Window::square(edge, row, column, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_lie_within_the_picture_and_cover_it() {
        let mut seen = vec![0; 512];
        for step in 0..2000 {
            let window = patch(1, step, 512, 128);
            assert!(window.fits(), "{window:?}");
            assert_eq!((window.height, window.width, window.edge), (128, 128, 512));
            for row in &mut seen[window.row..window.row + 128] {
                *row += 1;
            }
        }
        // Half a patch's places move to either edge: a row there is in an eighth of the patches, one in the middle in a
        // quarter, and none in more than three eighths.
        assert!(seen.iter().all(|count| (200..850).contains(count)), "{:?}", (seen.iter().min(), seen.iter().max()));
        assert_ne!(patch(1, 0, 512, 128), patch(2, 0, 512, 128));
    }
}
