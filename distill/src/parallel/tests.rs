//! Training on several devices against training on one.

use super::*;
use crate::{
    loss::{FaceTarget, FaceWeights},
    ops::Window,
    student::{FaceMorpher, FaceMorpherConfig},
};
use burn::{
    backend::Autodiff,
    module::{AutodiffModule, Module},
    optim::{AdamConfig, Optimizer},
    tensor::{Tensor, TensorData, Tolerance},
};
use burn_flex::{Flex, FlexDevice};

type B = Autodiff<Flex>;

const BATCH: usize = 4;

fn wave<const D: usize>(shape: [usize; D], frequency: f32) -> Tensor<B, D> {
    let count = shape.iter().product::<usize>();
    let values = (0..count).map(|i| (frequency * i as f32).sin()).collect::<Vec<f32>>();
    Tensor::from_data(TensorData::new(values, shape), &FlexDevice)
}

/// A peer's share of the batch.
fn share<const D: usize>(batch: Tensor<B, D>, peer: &Peer<Flex>) -> Tensor<B, D> {
    let size = BATCH / peer.count();
    batch.narrow(0, peer.rank() * size, size)
}

/// The last layer's weights of every peer's student, after two steps of Adam on this many devices.
fn trained(devices: usize) -> Vec<TensorData> {
    let student: FaceMorpher<B> = FaceMorpherConfig::new(vec![8; 2]).init(None, 7, &FlexDevice);
    let learn = |peer: Peer<Flex>| {
        let mut student = student.clone().fork(peer.device());
        let mut adam = AdamConfig::new().init();
        for step in 0..2 {
            let poses = share(wave([BATCH, 39], 0.7 + step as f32), &peer);
            let target = FaceTarget {
                face: share(wave([BATCH, 4, 128, 128], 0.01), &peer),
                mask: wave([1, 1, 128, 128], 0.1).abs(),
            };
            let weights = FaceWeights { full: 1.0, eye_mouth: 20.0 };
            let loss = student.loss(poses, &target, weights, Window::whole(128)).total;
            let gradients = GradientsParams::from_grads(loss.backward(), &student);
            let mean = peer.mean_gradients(&student, gradients).expect("all are there");
            student = adam.step(1e-2, student, mean);
        }
        student.valid().last.weight.val().into_data()
    };
    on_devices(&vec![FlexDevice; devices], learn).expect("threads")
}

#[test]
fn two_devices_learn_the_same_as_one() {
    let (one, two) = (trained(1), trained(2));
    assert_eq!((one.len(), two.len()), (1, 2));
    assert_eq!(two[0], two[1], "the peers' students stay equal");
    two[0].assert_approx_eq::<f32>(&one[0], Tolerance::absolute(1e-5));
}

#[test]
fn values_are_averaged_over_the_peers_round_after_round() {
    for count in [1_u8, 2, 3] {
        let means = |peer: Peer<Flex>| {
            let rank = peer.rank() as f32;
            (0..50)
                .map(|round| peer.mean(vec![rank, round as f32]).expect("all are there").to_vec())
                .collect::<Vec<_>>()
        };
        let middle = 0.5 * f32::from(count - 1);
        let expected: Vec<_> = (0..50).map(|round| vec![middle, round as f32]).collect();
        let found = on_devices(&vec![FlexDevice; count.into()], means).expect("threads");
        assert_eq!(found, vec![expected; count.into()]);
    }
}

#[test]
fn nobody_waits_for_a_peer_that_left() {
    let leave =
        |peer: Peer<Flex>| (peer.rank() == 0).then(|| peer.mean(vec![1.0]).and_then(|_| peer.mean(vec![1.0])).is_ok());
    assert_eq!(on_devices(&[FlexDevice; 2], leave).expect("threads"), [Some(false), None]);
}

#[test]
fn a_peer_that_leaves_after_a_round_does_not_take_its_result_along() {
    let once = |peer: Peer<Flex>| peer.mean(vec![1.0]).is_ok();
    for _ in 0..200 {
        assert_eq!(on_devices(&[FlexDevice; 3], once).expect("threads"), [true; 3]);
    }
}
