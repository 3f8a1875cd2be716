//! The replay buffer: provides a step's examples, from new pictures of the teacher or from earlier ones.

use super::{
    fit::Fit,
    objective::{Objective, Targets},
};
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

/// The examples of a step, or a part of them.
#[derive(Clone)]
pub(crate) struct Examples<B: Backend> {
    /// `[n, 45]`.
    pub(crate) poses: Tensor<B, 2>,
    pub(crate) targets: Targets<B>,
    /// The part of the pictures to train on.
    pub(crate) window: Window,
}

/// A device's share of each step's examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// The device's index, from 0.
    pub(crate) rank: u64,
    /// The number of devices.
    pub(crate) count: u64,
}

impl Share {
    /// A single device's share: everything.
    pub(crate) const WHOLE: Self = Self { rank: 0, count: 1 };
}

/// Poses as a tensor `[n, 45]`.
pub(crate) fn tensor<B: Backend>(poses: &[Pose], device: &B::Device) -> Tensor<B, 2> {
    let values = poses.iter().flat_map(|pose| pose.0).collect();
    Tensor::from_data(TensorData::new(values, [poses.len(), POSE_LEN]), device)
}

/// The teacher's pictures, and the buffer of those that are kept.
pub(crate) struct ReplayBuffer<B: Backend> {
    poses: Poses,
    /// Examples a step on this device.
    batch: usize,
    share: Share,
    device: B::Device,
    /// The edge of the pictures in pixels.
    edge: usize,
    /// Examples returned at once.
    at_once: usize,
    /// Pictures rendered at once.
    whole: usize,
    buffer: Option<Buffer<B>>,
}

/// The pictures kept for later steps.
struct Buffer<B: Backend> {
    settings: Replay,
    seed: u64,
    /// The oldest first.
    pictures: VecDeque<(Pose, Targets<B>)>,
    /// Pixels around which patches are sampled more often.
    focus: Vec<u32>,
    /// Batches rendered on this device since the start of the training, discarded ones included.
    batches: u64,
}

impl<B: Backend> ReplayBuffer<B> {
    /// An empty buffer before the optimiser step `step`; [`render`](Self::render) fills it again. `seed` decides what is
    /// replayed.
    pub(crate) fn new(
        poses: Poses,
        batch: usize,
        share: Share,
        device: B::Device,
        edge: usize,
        fit: Fit,
        [seed, step]: [u64; 2],
    ) -> Self {
        let Fit { replay, at_once, whole } = fit;
        let buffer = replay.map(|settings| {
            let batches = due(&settings, step).saturating_sub((settings.pictures / settings.teacher_batch) as u64);
            Buffer { settings, seed, pictures: VecDeque::new(), focus: Vec::new(), batches }
        });
        Self { poses, batch, share, device, edge, at_once, whole, buffer }
    }

    /// Samples patches more often around `pixels`, if the recipe says so.
    pub(crate) fn focused_on(mut self, pixels: Vec<u32>) -> Self {
        if let Some(kept) = &mut self.buffer {
            kept.focus = pixels;
        }
        self
    }

    /// The number of batches to render before the step `step`.
    pub(crate) fn missing(&self, step: u64) -> u64 {
        self.buffer.as_ref().map_or(0, |kept| due(&kept.settings, step).saturating_sub(kept.batches))
    }

    /// Has the teacher render one batch into the buffer.
    pub(crate) fn render<A, L>(&mut self, objective: &L, teacher: &mut dyn Teacher<B>)
    where
        A: TrainingBackend<InnerBackend = B>,
        L: Objective<A>,
    {
        let Some(kept) = &mut self.buffer else { return };
        let Replay { pictures, teacher_batch, precision, .. } = kept.settings;
        let first = (kept.batches * self.share.count + self.share.rank) * teacher_batch as u64;
        let poses: Vec<Pose> = (first..first + teacher_batch as u64).map(|index| self.poses.at(index)).collect();
        for poses in poses.chunks(self.whole) {
            let targets = objective.targets(teacher, tensor(poses, &self.device)).cast(precision);
            kept.pictures.extend(poses.iter().copied().zip(targets.split()));
        }
        let surplus = kept.pictures.len().saturating_sub(pictures);
        kept.pictures.drain(..surplus);
        kept.batches += 1;
    }

    /// The examples of a step, after `seen` examples: grouped by patch position, and in parts that fit at once.
    pub(crate) fn examples<A, L>(
        &mut self,
        objective: &L,
        teacher: &mut dyn Teacher<B>,
        step: u64,
        seen: u64,
    ) -> Vec<Examples<B>>
    where
        A: TrainingBackend<InnerBackend = B>,
        L: Objective<A>,
    {
        let whole = Window::whole(self.edge);
        let Some(kept) = &self.buffer else {
            let first = seen + self.share.rank * self.batch as u64;
            let poses: Vec<Pose> = (first..first + self.batch as u64).map(|index| self.poses.at(index)).collect();
            let render = |poses: &[Pose]| {
                let poses = tensor(poses, &self.device);
                Examples { targets: objective.targets(teacher, poses.clone()), poses, window: whole }
            };
            return poses.chunks(self.at_once).map(render).collect();
        };
        let mut random = Random::new(kept.seed, Use::Replay, step * self.share.count + self.share.rank);
        let mut pick = || &kept.pictures[random.below(kept.pictures.len() as u64) as usize];
        let picked: Vec<_> = (0..self.batch).map(|_| pick()).collect();
        let places = kept.settings.patch.map_or(1, |_| kept.settings.places.min(self.batch));
        let replay_buffer = &*self;
        let part = |place: usize| {
            let window = kept.window(step * places as u64 + place as u64, self.edge);
            let picked = &picked[place * self.batch / places..(place + 1) * self.batch / places];
            picked.chunks(self.at_once).map(move |picked| replay_buffer.patches::<A, L>(objective, picked, window))
        };
        (0..places).flat_map(part).collect()
    }

    /// A window of kept pictures as examples.
    fn patches<A, L>(&self, objective: &L, picked: &[&(Pose, Targets<B>)], window: Window) -> Examples<B>
    where
        A: TrainingBackend<InnerBackend = B>,
        L: Objective<A>,
    {
        let targets: Vec<_> = picked.iter().map(|(_, targets)| objective.crop(targets.clone(), window)).collect();
        let targets = Targets::join(&targets.iter().collect::<Vec<_>>()).cast(Precision::F32);
        let poses: Vec<Pose> = picked.iter().map(|(pose, _)| *pose).collect();
        Examples { poses: tensor(&poses, &self.device), targets, window }
    }
}

impl<B: Backend> Buffer<B> {
    /// The window of the patch with this number, or the whole grid.
    fn window(&self, number: u64, edge: usize) -> Window {
        let Some(size) = self.settings.patch else { return Window::whole(edge) };
        let mut random = Random::new(self.seed, Use::Patches, number);
        if self.focus.is_empty() || !random.chance(self.settings.focus) {
            return patch(&mut random, edge, size);
        }
        let pixel = self.focus[random.below(self.focus.len() as u64) as usize] as usize;
        around(pixel / edge, pixel % edge, edge, size)
    }
}

/// The batches rendered when the step `step` starts: the initial ones, and one every few steps.
fn due(settings: &Replay, step: u64) -> u64 {
    (settings.fill / settings.teacher_batch) as u64 + step / settings.steps
}

/// A random square of `size` pixels, at multiples of 4 so that the levels' windows have few sizes. Positions up to half
/// a patch beyond the edges are moved inside, so that pixels near the edges are seen often enough.
fn patch(random: &mut Random, edge: usize, size: usize) -> Window {
    let mut place = || random.below((edge + 1) as u64) as usize;
    let (row, column) = (place(), place());
    around(row, column, edge, size)
}

/// The square around a position, moved into the grid.
fn around(row: usize, column: usize, edge: usize, size: usize) -> Window {
    const ALIGN: usize = 4;
    let first = |middle: usize| middle.saturating_sub(size / 2).min(edge - size) / ALIGN * ALIGN;
    Window::square(edge, first(row), first(column), size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{FAST, Recipe};
    use burn_flex::Flex;

    #[test]
    fn patches_stay_inside_the_picture_and_cover_it() {
        let mut seen = vec![0; 512];
        for step in 0..2000 {
            let window = patch(&mut Random::new(1, Use::Patches, step), 512, 128);
            assert!(window.fits(), "{window:?}");
            assert_eq!((window.height, window.width, window.edge), (128, 128, 512));
            for row in &mut seen[window.row..window.row + 128] {
                *row += 1;
            }
        }
        // Half a patch of positions moves to either edge: a row there is in 1/8 of the patches, one in the middle in
        // 1/4, and none in more than 3/8.
        assert!(seen.iter().all(|count| (200..850).contains(count)), "{:?}", (seen.iter().min(), seen.iter().max()));
        let first = |seed| patch(&mut Random::new(seed, Use::Patches, 0), 512, 128);
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn patches_are_focused_as_often_as_the_recipe_says() {
        let settings = Replay {
            focus: 0.75,
            patch: Some(64),
            ..Recipe::built_in(FAST).expect("built in").body.replay.expect("kept")
        };
        let focus = vec![300 * 512 + 200];
        let kept = Buffer::<Flex> { settings, seed: 1, pictures: VecDeque::new(), focus, batches: 0 };
        let expected = Window::square(512, 268, 168, 64);
        let around = (0..1000).filter(|number| kept.window(*number, 512) == expected).count();
        assert!((700..800).contains(&around), "{around}");
        let without = Buffer { focus: Vec::new(), ..kept };
        assert!((0..1000).filter(|number| without.window(*number, 512) == expected).count() < 20);
    }
}
