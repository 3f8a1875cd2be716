//! Short trainings of tiny students on the CPU, with a teacher that renders formulas.

mod fit;
mod keep;
mod learn;
mod resume;

use super::{
    BodyObjective, Event, FaceObjective, Objective, Outcome, PerceptualTerm, ProgressObserver, TrainError, Training,
};
use crate::{
    backend::Cpu,
    checkpoint::{Checkpoint, CheckpointStore, HeldOut},
    loss::{BodyWeights, FaceWeights},
    parallel::on_devices,
    perceptual::PerceptualLoss,
    recipe::{AdamSettings, Intervals, Phase, Precision, Replay, StudentRecipe},
    student::{BodyMorpherConfig, FaceMorpherConfig},
    teacher::{Posed, Teacher},
};
use bunraku_core::character::{Tensor as Stored, Weights};
use burn::{
    backend::Autodiff,
    tensor::{Shape, Tensor, TensorData},
};
use burn_flex::FlexDevice;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

type Trained = Autodiff<Cpu>;

/// A teacher whose smooth pictures depend on a few pose parameters.
struct Formula;

/// `[n, channels, edge, edge]`, from the column and row in [-1, 1] and three pose parameters.
fn rendered(
    poses: &Tensor<Cpu, 2>,
    channels: usize,
    edge: usize,
    formula: impl Fn(usize, [f32; 5]) -> f32,
) -> Tensor<Cpu, 4> {
    let count = poses.dims()[0];
    let poses: Vec<f32> = poses.to_data().iter::<f32>().collect();
    let mut values = Vec::with_capacity(count * channels * edge * edge);
    let at = |index: usize| (2 * index + 1) as f32 / edge as f32 - 1.0;
    for pose in poses.chunks(poses.len() / count) {
        for channel in 0..channels {
            for (row, column) in (0..edge * edge).map(|index| (index / edge, index % edge)) {
                values.push(formula(channel, [at(column), at(row), pose[26], pose[12], pose[5]]));
            }
        }
    }
    Tensor::from_data(TensorData::new(values, Shape::new([count, channels, edge, edge])), &FlexDevice)
}

fn face(channel: usize, [x, y, mouth, wink, brow]: [f32; 5]) -> f32 {
    0.4 * (1.5 * x + channel as f32 + mouth).sin() + 0.2 * wink * y - 0.2 * brow
}

impl Teacher<Cpu> for Formula {
    fn describe(&self) -> String {
        "a formula".to_owned()
    }

    fn identity(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn pose(&mut self, poses: Tensor<Cpu, 2>) -> Posed<Cpu> {
        let picture = |shift: f32| {
            rendered(&poses, 4, 512, move |channel, [x, y, a, b, c]| face(channel, [x + shift, y, a, b, c]))
        };
        Posed {
            posed: picture(0.1),
            warped: picture(0.1),
            grid_change: rendered(&poses, 2, 512, |channel, _| if channel == 0 { 0.1 } else { 0.0 }),
            alpha: rendered(&poses, 1, 512, |_, _| 0.0),
            face_morphed_full: picture(0.0),
        }
    }

    fn face(&mut self, poses: Tensor<Cpu, 2>) -> Tensor<Cpu, 4> {
        rendered(&poses, 4, 128, face)
    }
}

/// A training's outcome, and what its observer noted.
type Ending<L> = (Result<Outcome<<L as Objective<Trained>>::Student>, TrainError>, Notes);

/// Notes events, and stops the training after a number of steps.
#[derive(Default)]
struct Notes {
    stop: Arc<AtomicBool>,
    stop_after: u64,
    held_out: Vec<HeldOut>,
    saved: Vec<u64>,
    not_saved: usize,
    /// The size of the replay buffer if the memory limits it.
    fitted: Option<usize>,
    damaged: usize,
    losses: usize,
    terms: Vec<&'static str>,
}

impl ProgressObserver for Notes {
    fn notify(&mut self, event: &Event<'_>) {
        match event {
            Event::Step { progress, .. } if progress.steps == self.stop_after => {
                self.stop.store(true, Ordering::Relaxed);
            }
            Event::HeldOut(held_out) => self.held_out.push(*held_out),
            Event::Saved { examples } => self.saved.push(*examples),
            Event::Fitted { kept, .. } => self.fitted = Some(kept.pictures),
            Event::NotSaved(_) => self.not_saved += 1,
            Event::Damaged(_) => self.damaged += 1,
            Event::Loss { total, terms, .. } => {
                let sum = terms.iter().map(|(_, term)| term).sum::<f64>();
                assert!(!total.is_finite() || (total - sum).abs() < 1e-5 * total.max(1.0), "{total} is not {sum}");
                self.losses += 1;
                self.terms = terms.iter().map(|(name, _)| *name).collect();
            }
            _ => {}
        }
    }
}

/// A tiny training.
struct Tiny<L, N, W> {
    objective: L,
    student_recipe: StudentRecipe<N, W>,
    intervals: Intervals,
    batch: usize,
    held_out_poses: usize,
    sample_interval: Option<u64>,
    fingerprint: BTreeMap<String, String>,
    /// The memory of each device in bytes.
    memory: u64,
}

fn phase<W>(until: u64, learning_rate: f64, losses: W) -> Phase<W> {
    Phase { until, learning_rate, losses }
}

fn tiny_face(replay: Option<Replay>) -> Tiny<FaceObjective<Trained>, (), FaceWeights> {
    let losses = FaceWeights { full: 1.0, eye_mouth: 2.0 };
    let mask = (0..128 * 128).map(|index| f32::from(index % 128 < 40)).collect();
    Tiny {
        objective: FaceObjective {
            network: FaceMorpherConfig::new(vec![16, 12]),
            first_position: None,
            mask,
            perceptual: None,
        },
        student_recipe: StudentRecipe {
            network: (),
            first_position: None,
            batch: None,
            replay,
            phases: vec![phase(80, 1e-3, losses), phase(160, 3e-4, FaceWeights { full: 1.0, eye_mouth: 0.0 })],
        },
        intervals: Intervals { snapshot: 30, checkpoint: 80, held_out: 40 },
        batch: 4,
        held_out_poses: 3,
        sample_interval: None,
        fingerprint: BTreeMap::from([("recipe".to_owned(), "tiny".to_owned())]),
        memory: u64::MAX,
    }
}

fn tiny_body(replay: Option<Replay>) -> Tiny<BodyObjective<Trained>, (), BodyWeights> {
    let losses = BodyWeights { blended: 0.25, warped: 0.25, grid_change: 0.5, color_change: 2.0 };
    Tiny {
        objective: BodyObjective {
            network: BodyMorpherConfig::new([vec![12, 8], vec![8, 6], vec![6, 4]]),
            first_position: None,
            character: vec![70_000, 140_000],
            perceptual: None,
        },
        student_recipe: StudentRecipe {
            network: (),
            first_position: None,
            batch: None,
            replay,
            phases: vec![phase(4, 1e-3, losses)],
        },
        intervals: Intervals { snapshot: 2, checkpoint: 4, held_out: 4 },
        batch: 1,
        held_out_poses: 1,
        sample_interval: None,
        fingerprint: BTreeMap::new(),
        memory: u64::MAX,
    }
}

const REPLAY: Replay = Replay {
    pictures: 12,
    teacher_batch: 4,
    fill: 8,
    steps: 3,
    patch: Some(64),
    places: 3,
    focus: 0.5,
    precision: Precision::F16,
};

impl<N: Sync, L: Objective<Trained, Losses: Sync> + Sync> Tiny<L, N, L::Losses> {
    /// Trains up to `target` examples, but stops after `stop_after` steps.
    fn train(&self, folder: &Path, target: u64, stop_after: u64) -> Ending<L> {
        self.train_on(1, folder, target, stop_after)
    }

    /// The same on several devices; returns the first one's result.
    fn train_on(&self, devices: usize, folder: &Path, target: u64, stop_after: u64) -> Ending<L> {
        let stop = Arc::new(AtomicBool::new(false));
        let endings = on_devices::<Cpu, _>(&vec![FlexDevice; devices], |peer| {
            let training = Training {
                objective: &self.objective,
                student_recipe: &self.student_recipe,
                adam: AdamSettings { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 },
                intervals: self.intervals,
                batch: self.batch / devices,
                seeds: [1, 2],
                dataset: None,
                held_out_poses: self.held_out_poses,
                fingerprint: self.fingerprint.clone(),
                folder: folder.to_owned(),
                sample_interval: self.sample_interval,
                memory: self.memory,
                stop: &stop,
                peer: &peer,
            };
            let stop_after = if peer.rank() == 0 { stop_after } else { u64::MAX };
            let mut notes = Notes { stop: stop.clone(), stop_after, ..Notes::default() };
            let outcome = training.run(&mut Formula, &mut notes, target);
            (outcome, notes)
        });
        endings.expect("devices").swap_remove(0)
    }
}

fn newest(folder: &Path) -> Checkpoint {
    CheckpointStore::new(folder).newest().checkpoint.expect("a snapshot").1
}

/// The weights and moments are equal to the last bit; the training time need not be.
fn assert_same_state(one: &Path, other: &Path) {
    let (one, other) = (newest(one), newest(other));
    assert_eq!((one.progress.examples, one.progress.steps), (other.progress.examples, other.progress.steps));
    assert_eq!(one.progress.held_out, other.progress.held_out);
    assert!(one.tensors.keys().any(|name| name.starts_with("adam.square.")));
    assert!(one.tensors == other.tensors, "the states differ");
}
