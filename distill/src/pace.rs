//! How fast a student learns, its teacher left out: training steps on made-up pictures, timed.

use crate::{
    backend::TrainingBackend,
    loss::{self, BodyTarget, BodyWeights, FaceTarget, FaceWeights, Loss},
    ops::Window,
    student::{BodyMorpherConfig, FaceMorpherConfig},
};
use bunraku_core::{
    character::{FACE_SIZE, IMAGE_SIZE},
    pose::POSE_LEN,
    random::SplitMix64,
};
use burn::{
    module::AutodiffModule,
    optim::{AdamConfig, GradientsParams, Optimizer as _},
    tensor::{Tensor, TensorData, backend::Backend},
};
use std::time::{Duration, Instant};

/// Steps before the timed ones.
const WARM_UP: usize = 2;

/// The first phase's rate (`spec/THA4.md` §9.6).
const RATE: f64 = 1e-4;

/// Random numbers of [-1, 1).
fn noise<B: Backend, const D: usize>(shape: [usize; D], device: &B::Device) -> Tensor<B, D> {
    let mut random = SplitMix64::new(shape.iter().fold(1, |seed, &edge| seed * 1000 + edge as u64));
    let values = (0..shape.iter().product()).map(|_| 2.0 * random.unit_f32() - 1.0).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Times forward, loss, backward and Adam, `steps` times after a warm-up; each ends where the loss can be read.
fn steps<B: TrainingBackend, M: AutodiffModule<B>>(
    mut student: M,
    steps: usize,
    device: &B::Device,
    loss: impl Fn(&M) -> Loss<B>,
) -> Vec<Duration> {
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    let mut times = Vec::with_capacity(steps);
    for step in 0..WARM_UP + steps {
        let start = Instant::now();
        let total = loss(&student).total;
        let gradients = GradientsParams::from_grads(total.backward(), &student);
        student = adam.step(RATE, student, gradients);
        // Where the device cannot wait, the loss below has no value either.
        let _ = B::sync(device);
        std::hint::black_box(total.into_data());
        if step >= WARM_UP {
            times.push(start.elapsed());
        }
    }
    times
}

/// The time of each of `count` steps of the face student on `batch` poses.
pub fn face_steps<B: TrainingBackend>(
    config: &FaceMorpherConfig,
    batch: usize,
    count: usize,
    device: &B::Device,
) -> Vec<Duration> {
    let edge = FACE_SIZE;
    let target =
        FaceTarget { face: noise([batch, 4, edge, edge], device), mask: noise([1, 1, edge, edge], device).abs() };
    let poses = noise::<B, 2>([batch, POSE_LEN], device);
    let weights = FaceWeights { full: 1.0, eye_mouth: 20.0 };
    steps(config.init::<B>(1, device), count, device, |student| {
        loss::face(student, poses.clone(), &target, weights, Window::whole(edge))
    })
}

/// The time of each of `count` steps of the body student on `window` of `batch` pictures.
pub fn body_steps<B: TrainingBackend>(
    config: &BodyMorpherConfig,
    batch: usize,
    count: usize,
    window: Window,
    device: &B::Device,
) -> Vec<Duration> {
    let picture = |channels| noise([batch, channels, IMAGE_SIZE, IMAGE_SIZE], device);
    let target = BodyTarget {
        image: picture(4),
        posed: picture(4),
        warped: picture(4),
        grid_change: picture(2).mul_scalar(0.1),
    };
    let poses = noise::<B, 2>([batch, POSE_LEN], device);
    let weights = BodyWeights { blended: 0.25, warped: 0.25, grid_change: 0.5, color_change: 2.0 };
    steps(config.init::<B>(1, device), count, device, |student| {
        loss::body(student, poses.clone(), &target, weights, window)
    })
}
