//! Trainings that do not fit into a device's memory as the recipe has them.

use super::*;
use crate::{
    checkpoint::Progress,
    examples::Poses,
    trainer::{Fit, ReplayBuffer, Share, TrainState},
};
use std::collections::BTreeSet;

/// The replay buffer as seen by `share`.
fn replay_buffer(fit: Fit, share: Share) -> ReplayBuffer<Cpu> {
    ReplayBuffer::new(Poses::new(None, 3, 8), 8, share, FlexDevice, 128, fit, [3, 0])
}

/// The gradient of a face's weights for one step's examples, layer by layer.
fn gradient(fit: Fit) -> Vec<f32> {
    let tiny = tiny_face(None);
    let student = Objective::<Trained>::begin(&tiny.objective, 1, &FlexDevice);
    let adam = AdamSettings { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };
    let train_state = TrainState::new(student, &adam, Progress::new(BTreeMap::new()));
    let mut replay_buffer = replay_buffer(fit, Share::WHOLE);
    for _ in 0..replay_buffer.missing(0) {
        replay_buffer.render::<Trained, _>(&tiny.objective, &mut Formula);
    }
    let examples = replay_buffer.examples::<Trained, _>(&tiny.objective, &mut Formula, 0, 0);
    let counts: Vec<usize> = examples.iter().map(|part| part.poses.dims()[0]).collect();
    assert!(counts.iter().sum::<usize>() == 8 && counts.iter().all(|count| *count <= fit.at_once), "{counts:?}");
    let (_, gradients) =
        train_state.loss_and_gradients(&tiny.objective, examples, FaceWeights { full: 1.0, eye_mouth: 2.0 });
    let layers = train_state.student.sine.iter().chain([&train_state.student.last]);
    let of = |layer: &crate::student::Linear<Trained>| {
        gradients.get::<Cpu, 2>(layer.weight.id).expect("it is learnt").into_data()
    };
    layers.flat_map(|layer| of(layer).iter::<f32>().collect::<Vec<_>>()).collect()
}

#[test]
fn a_step_in_parts_has_the_gradient_of_the_whole() {
    for replay in [None, Some(Replay { patch: Some(32), places: 2, ..REPLAY })] {
        let whole = gradient(Fit { replay, at_once: usize::MAX, whole: usize::MAX });
        let size = whole.iter().map(|value| value.abs()).fold(0.0, f32::max);
        for at_once in [1, 3] {
            let parts = gradient(Fit { replay, at_once, whole: at_once });
            let far = whole.iter().zip(&parts).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(far < 1e-5 * size, "{at_once} at once are off by {far} of {size}");
        }
    }
}

/// Every backward pass cleans up the graphs of all threads (burn issue 5573): a resumed training on two devices once
/// ended with another error than an uninterrupted one.
#[test]
fn trainings_on_several_threads_do_not_lose_each_others_gradients() {
    let fit = Fit { replay: Some(Replay { patch: Some(32), places: 2, ..REPLAY }), at_once: 1, whole: 1 };
    let alone = gradient(fit);
    let many = || (0..24).map(|_| gradient(fit)).collect::<Vec<_>>();
    let beside: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(many)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("trained")).collect()
    });
    assert_eq!(beside.iter().filter(|gradient| **gradient != alone).count(), 0, "of {} differ", beside.len());
}

#[test]
fn with_little_memory_an_interruption_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let mut tiny = tiny_face(Some(REPLAY));
    let batch = (4 * 128 * 128 * REPLAY.precision.bytes() * REPLAY.teacher_batch) as u64;
    // Half of the memory is for pictures: for one batch, and not quite for two.
    tiny.memory = 2 * (2 * batch - 1);
    let (outcome, notes) = tiny.train(&whole, u64::MAX, u64::MAX);
    assert!(outcome.expect("trained").reached);
    assert_eq!(notes.fitted, Some(REPLAY.teacher_batch));
    assert!(!tiny.train(&parts, u64::MAX, 13).0.expect("stopped").reached);
    tiny.train(&parts, u64::MAX, u64::MAX).0.expect("trained");
    assert_same_state(&whole, &parts);
    tiny.memory = u64::MAX;
    assert_eq!(tiny.train(&folder.path().join("large"), u64::MAX, u64::MAX).1.fitted, None);
}

#[test]
fn devices_that_train_together_get_different_poses() {
    let replayed = Fit { replay: Some(REPLAY), at_once: usize::MAX, whole: usize::MAX };
    let poses = |fit: Fit, rank| {
        let tiny = tiny_face(None);
        let mut replay_buffer = replay_buffer(fit, Share { rank, count: 2 });
        for _ in 0..replay_buffer.missing(0) {
            replay_buffer.render::<Trained, _>(&tiny.objective, &mut Formula);
        }
        let examples = replay_buffer.examples::<Trained, _>(&tiny.objective, &mut Formula, 0, 0);
        let rows = examples.into_iter().flat_map(|part| part.poses.into_data().iter::<f32>().collect::<Vec<_>>());
        rows.collect::<Vec<_>>().chunks(45).map(|row| row.iter().map(|value| value.to_bits()).collect()).collect()
    };
    for fit in [Fit { replay: None, at_once: usize::MAX, whole: usize::MAX }, replayed] {
        let [first, second]: [BTreeSet<Vec<u32>>; 2] = [poses(fit, 0), poses(fit, 1)];
        assert!(!first.is_empty() && first.is_disjoint(&second), "{fit:?}");
    }
}
