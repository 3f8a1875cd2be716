use super::*;
use crate::{
    loss::{FaceTarget, FaceWeights, face},
    ops::Window,
    student::{FaceMorpher, FaceMorpherConfig},
};
use burn::{
    backend::Autodiff,
    collective::all_reduce,
    module::{AutodiffModule, Module},
    optim::{AdamConfig, Optimizer},
    tensor::{Tensor, TensorData, TensorPrimitive, Tolerance},
};
use burn_flex::{Flex, FlexDevice};

type B = Autodiff<Flex>;

const BATCH: usize = 4;

fn wave<const D: usize>(shape: [usize; D], frequency: f32) -> Tensor<B, D> {
    let count = shape.iter().product::<usize>();
    let values = (0..count).map(|i| (frequency * i as f32).sin()).collect::<Vec<f32>>();
    Tensor::from_data(TensorData::new(values, shape), &FlexDevice)
}

impl<B: Backend> Peer<B> {
    /// The mean of all peers' values.
    fn mean<const D: usize>(&self, values: Tensor<B, D>) -> Result<Tensor<B, D>, ParallelError> {
        if self.count == 1 {
            return Ok(values);
        }
        let mean = all_reduce::<B>(self.id(), values.into_primitive().tensor(), ReduceOperation::Mean);
        mean.map(|mean| Tensor::from_primitive(TensorPrimitive::Float(mean))).map_err(exchange)
    }
}

/// A peer's share of the batch.
fn share<const D: usize>(batch: Tensor<B, D>, peer: &Peer<Flex>) -> Tensor<B, D> {
    let size = BATCH / peer.count();
    batch.narrow(0, peer.rank() * size, size)
}

/// Two steps of Adam on so many devices; the weights of the last layer of every peer's student.
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
            let loss = face(&student, poses, &target, weights, Window::whole(128)).total;
            let gradients = GradientsParams::from_grads(loss.backward(), &student);
            student = adam.step(1e-2, student, peer.mean_gradients(gradients).expect("all are there"));
        }
        student.valid().last.weight.val().into_data()
    };
    on_devices(&vec![FlexDevice; devices], learn).expect("threads")
}

#[test]
fn two_devices_learn_what_one_learns() {
    let (one, two) = (trained(1), trained(2));
    assert_eq!((one.len(), two.len()), (1, 2));
    assert_eq!(two[0], two[1], "the peers' students stay copies");
    two[0].assert_approx_eq::<f32>(&one[0], Tolerance::absolute(1e-5));
}

#[test]
fn values_are_averaged_over_the_peers() {
    for count in [1, 2, 3] {
        let mean = |peer: Peer<Flex>| {
            let rank = Tensor::<Flex, 1>::from_floats([peer.rank() as f32], peer.device());
            peer.mean(rank).expect("all are there").into_scalar()
        };
        let means = on_devices(&vec![FlexDevice; count], mean).expect("threads");
        assert!(means.len() == count && means.iter().all(|mean| (mean - 0.5 * (count - 1) as f32).abs() < 1e-6));
    }
}

#[test]
fn nobody_waits_for_who_is_gone() {
    let leave = |peer: Peer<Flex>| {
        let value = || Tensor::<Flex, 1>::from_floats([1.0], peer.device());
        (peer.rank() == 0).then(|| peer.mean(value()).and_then(|_| peer.mean(value())).is_ok())
    };
    assert_eq!(on_devices(&[FlexDevice; 2], leave).expect("threads"), [Some(false), None]);
    // And the next group is none the worse for it.
    assert!(
        on_devices(&[FlexDevice; 2], |peer| peer.mean(Tensor::<Flex, 1>::zeros([1], peer.device())).is_ok())
            .expect("threads")[1]
    );
}
