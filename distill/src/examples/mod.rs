//! The training's examples: poses, in an order that depends on the position alone, and the face mask.

mod dataset;
mod distribution;
mod mask;
mod random;

pub use dataset::{PoseDataset, PoseDatasetError};
pub use distribution::drawn_pose;
pub use mask::face_mask;
pub use random::Random;

use bunraku_core::pose::Pose;

/// The uses of random numbers; each has a sequence of its own and disturbs no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Use {
    /// A student's initial weights.
    Weights = 1,
    /// Poses drawn for training.
    Poses = 2,
    /// The order of a pose dataset in an epoch.
    Order = 3,
    /// Poses of the sample outputs.
    Samples = 4,
    /// Poses that are never trained on.
    HeldOut = 5,
    /// The pictures in the replay buffer that a step trains on.
    Replay = 6,
    /// The patches of those pictures.
    Patches = 7,
}

/// The training's poses: a dataset's, reshuffled each epoch, or random ones from [a distribution](drawn_pose).
#[derive(Clone, Debug)]
pub struct Poses {
    dataset: Option<PoseDataset>,
    seed: u64,
    /// Examples of an epoch; poses that do not fill a batch are dropped (`distill/spec/distiller.md`).
    epoch_len: u64,
    /// The last epoch in use, and its order.
    order: Option<(u64, Vec<u32>)>,
}

impl Poses {
    /// Poses for steps of `batch` examples. `seed` decides random poses; a dataset's order depends on the epoch alone,
    /// as in the reference.
    pub fn new(dataset: Option<PoseDataset>, seed: u64, batch: usize) -> Self {
        let len = dataset.as_ref().map_or(u64::MAX, |dataset| dataset.len() as u64);
        let batch = (batch as u64).clamp(1, len);
        Self { dataset, seed, epoch_len: len - len % batch, order: None }
    }

    /// The pose of the example `index`, counted from the start of the training.
    pub fn at(&mut self, index: u64) -> Pose {
        let Some(dataset) = &self.dataset else { return drawn_pose(&mut Random::new(self.seed, Use::Poses, index)) };
        let epoch = index / self.epoch_len;
        let order = match self.order.take() {
            Some((known, order)) if known == epoch => order,
            _ => Random::new(0, Use::Order, epoch).permutation(dataset.len()),
        };
        let pose = dataset.pose(order[(index % self.epoch_len) as usize] as usize);
        self.order = Some((epoch, order));
        pose
    }

    /// `count` poses for the sample outputs, decided by `seed` (the reference's second one).
    pub fn samples(&self, seed: u64, count: usize) -> Vec<Pose> {
        let pose = |index| {
            let mut random = Random::new(seed, Use::Samples, index);
            match &self.dataset {
                Some(dataset) => dataset.pose(random.below(dataset.len() as u64) as usize),
                None => drawn_pose(&mut random),
            }
        };
        (0..count as u64).map(pose).collect()
    }
}

/// `count` poses that training never sees: random, with a seed of their own, the same for every character and recipe.
pub fn held_out_poses(count: usize) -> Vec<Pose> {
    (0..count as u64).map(|index| drawn_pose(&mut Random::new(0, Use::HeldOut, index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::{character::Tensor, pose::POSE_LEN};
    use std::collections::BTreeSet;

    fn dataset(len: usize) -> PoseDataset {
        let values = (0..len * POSE_LEN).map(|index| (index / POSE_LEN) as f32).collect();
        PoseDataset::new(Tensor { shape: vec![len, POSE_LEN], values }).expect("a dataset")
    }

    fn rows(poses: &mut Poses, range: std::ops::Range<u64>) -> Vec<u32> {
        range.map(|index| poses.at(index).0[7] as u32).collect()
    }

    #[test]
    fn each_epoch_shows_every_pose_once_in_its_own_order() {
        let mut poses = Poses::new(Some(dataset(24)), 1, 8);
        let (first, second) = (rows(&mut poses, 0..24), rows(&mut poses, 24..48));
        for epoch in [&first, &second] {
            assert_eq!(epoch.iter().collect::<BTreeSet<_>>().len(), 24);
        }
        assert_ne!(first, second);
        let mut other_seed = Poses::new(Some(dataset(24)), 2, 8);
        assert_eq!(rows(&mut other_seed, 0..24), first, "the epoch alone decides");
    }

    #[test]
    fn an_epoch_drops_poses_that_do_not_fill_a_batch() {
        let mut poses = Poses::new(Some(dataset(20)), 1, 8);
        assert_eq!(rows(&mut poses, 0..16).iter().collect::<BTreeSet<_>>().len(), 16);
        let mut whole = Poses::new(Some(dataset(20)), 1, 20);
        assert_eq!(rows(&mut poses, 16..20), rows(&mut whole, 20..24), "the second epoch starts at 16");
        let mut tiny = Poses::new(Some(dataset(3)), 1, 8);
        assert_eq!(rows(&mut tiny, 0..3).iter().collect::<BTreeSet<_>>().len(), 3);
    }

    #[test]
    fn a_pose_depends_on_its_position_alone() {
        for dataset in [None, Some(dataset(50))] {
            let mut forward = Poses::new(dataset.clone(), 9, 8);
            let poses: Vec<Pose> = (0..130).map(|index| forward.at(index)).collect();
            for index in [129, 3, 77, 48, 47] {
                assert_eq!(Poses::new(dataset.clone(), 9, 8).at(index), poses[index as usize]);
            }
        }
    }

    #[test]
    fn training_sees_no_held_out_or_sample_pose() {
        let mut poses = Poses::new(None, 0, 8);
        let samples = poses.samples(0, 8);
        let kept: Vec<Pose> = held_out_poses(8).into_iter().chain(samples).collect();
        assert!((0..500).all(|index| !kept.contains(&poses.at(index))));
    }
}
