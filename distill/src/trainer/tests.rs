//! Short trainings of tiny students on the CPU, by a teacher that paints formulas.

use super::{BodyLesson, Event, FaceLesson, Lesson, Outcome, PerceptualTerm, TrainError, Training, Watch};
use crate::{
    backend::Cpu,
    loss::{BodyWeights, FaceWeights},
    parallel::on_devices,
    perceptual::PerceptualLoss,
    recipe::{AdamSettings, Course, Intervals, Phase, Precision, Replay},
    snapshot::{HeldOut, Snapshot, Store},
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

/// Paints smooth pictures that a few of a pose's values move.
struct Formula;

/// `[n, channels, edge, edge]`, of the column and row in [-1, 1] and three of the pose's values.
fn painted(
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

    fn pose(&mut self, poses: Tensor<Cpu, 2>) -> Posed<Cpu> {
        let picture = |shift: f32| {
            painted(&poses, 4, 512, move |channel, [x, y, a, b, c]| face(channel, [x + shift, y, a, b, c]))
        };
        Posed {
            posed: picture(0.1),
            warped: picture(0.1),
            grid_change: painted(&poses, 2, 512, |channel, _| if channel == 0 { 0.1 } else { 0.0 }),
            alpha: painted(&poses, 1, 512, |_, _| 0.0),
            face_morphed_full: picture(0.0),
        }
    }

    fn face(&mut self, poses: Tensor<Cpu, 2>) -> Tensor<Cpu, 4> {
        painted(&poses, 4, 128, face)
    }
}

/// How a training ended, and what it told.
type Ending<L> = (Result<Outcome<<L as Lesson<Trained>>::Student>, TrainError>, Notes);

/// Takes notes, and sets the flag after a number of steps.
#[derive(Default)]
struct Notes {
    stop: Arc<AtomicBool>,
    stop_after: u64,
    held_out: Vec<HeldOut>,
    saved: Vec<u64>,
    not_saved: usize,
    damaged: usize,
    losses: usize,
    terms: Vec<&'static str>,
}

impl Watch for Notes {
    fn tell(&mut self, event: &Event<'_>) {
        match event {
            Event::Step { progress, .. } if progress.steps == self.stop_after => {
                self.stop.store(true, Ordering::Relaxed);
            }
            Event::HeldOut(held_out) => self.held_out.push(*held_out),
            Event::Saved { examples } => self.saved.push(*examples),
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

/// A tiny training in a folder.
struct Tiny<L, N, W> {
    lesson: L,
    course: Course<N, W>,
    intervals: Intervals,
    batch: usize,
    held_out_poses: usize,
    sample_interval: Option<u64>,
    ingredients: BTreeMap<String, String>,
}

fn phase<W>(until: u64, learning_rate: f64, losses: W) -> Phase<W> {
    Phase { until, learning_rate, losses }
}

fn tiny_face(replay: Option<Replay>) -> Tiny<FaceLesson<Trained>, (), FaceWeights> {
    let losses = FaceWeights { full: 1.0, eye_mouth: 2.0 };
    let mask = (0..128 * 128).map(|index| f32::from(index % 128 < 40)).collect();
    Tiny {
        lesson: FaceLesson { network: FaceMorpherConfig::new(vec![16, 12]), mask, perceptual: None },
        course: Course {
            network: (),
            batch: None,
            replay,
            phases: vec![phase(80, 1e-3, losses), phase(160, 3e-4, FaceWeights { full: 1.0, eye_mouth: 0.0 })],
        },
        intervals: Intervals { snapshot: 30, checkpoint: 80, held_out: 40 },
        batch: 4,
        held_out_poses: 3,
        sample_interval: None,
        ingredients: BTreeMap::from([("recipe".to_owned(), "tiny".to_owned())]),
    }
}

fn tiny_body(replay: Option<Replay>) -> Tiny<BodyLesson<Trained>, (), BodyWeights> {
    let losses = BodyWeights { blended: 0.25, warped: 0.25, grid_change: 0.5, color_change: 2.0 };
    Tiny {
        lesson: BodyLesson { network: BodyMorpherConfig::new([vec![12, 8], vec![8, 6], vec![6, 4]]), perceptual: None },
        course: Course { network: (), batch: None, replay, phases: vec![phase(4, 1e-3, losses)] },
        intervals: Intervals { snapshot: 2, checkpoint: 4, held_out: 4 },
        batch: 1,
        held_out_poses: 1,
        sample_interval: None,
        ingredients: BTreeMap::new(),
    }
}

const REPLAY: Replay =
    Replay { pictures: 12, teacher_batch: 4, fill: 8, steps: 3, patch: Some(64), precision: Precision::F16 };

impl<N: Sync, L: Lesson<Trained, Losses: Sync> + Sync> Tiny<L, N, L::Losses> {
    /// Trains up to `target` examples, and is told to stop after `stop_after` steps.
    fn train(&self, folder: &Path, target: u64, stop_after: u64) -> Ending<L> {
        self.train_on(1, folder, target, stop_after)
    }

    /// The same on so many devices; gives what the first one says.
    fn train_on(&self, devices: usize, folder: &Path, target: u64, stop_after: u64) -> Ending<L> {
        let stop = Arc::new(AtomicBool::new(false));
        let endings = on_devices::<Cpu, _>(&vec![FlexDevice; devices], |peer| {
            let training = Training {
                lesson: &self.lesson,
                course: &self.course,
                adam: AdamSettings { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 },
                intervals: self.intervals,
                batch: self.batch / devices,
                seeds: [1, 2],
                dataset: None,
                held_out_poses: self.held_out_poses,
                ingredients: self.ingredients.clone(),
                folder: folder.to_owned(),
                sample_interval: self.sample_interval,
                stop: &stop,
                peer: &peer,
            };
            let stop_after = if peer.rank() == 0 { stop_after } else { u64::MAX };
            let mut notes = Notes { stop: stop.clone(), stop_after, ..Notes::default() };
            let outcome = training.run(&mut Formula, &mut notes, target);
            if outcome.as_ref().is_ok_and(|outcome| outcome.reached) {
                peer.finish();
            }
            (outcome, notes)
        });
        endings.expect("devices").swap_remove(0)
    }
}

fn newest(folder: &Path) -> Snapshot {
    Store::new(folder).newest().snapshot.expect("a snapshot").1
}

/// The weights and moments are the same to the last bit; the time that it took need not be.
fn assert_same_state(one: &Path, other: &Path) {
    let (one, other) = (newest(one), newest(other));
    assert_eq!((one.progress.examples, one.progress.steps), (other.progress.examples, other.progress.steps));
    assert_eq!(one.progress.held_out, other.progress.held_out);
    assert!(one.tensors.keys().any(|name| name.starts_with("adam.square.")));
    assert!(one.tensors == other.tensors, "the states differ");
}

/// A training that is interrupted twice, once where a snapshot is due and once where not, ends as one that is not.
fn interrupted_equals_uninterrupted<N: Sync, L>(tiny: &Tiny<L, N, L::Losses>, stops: [u64; 2])
where
    L: Lesson<Trained, Losses: Sync> + Sync,
{
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let (outcome, _) = tiny.train(&whole, u64::MAX, u64::MAX);
    assert!(outcome.expect("trained").reached);
    for stop in stops {
        let (outcome, _) = tiny.train(&parts, u64::MAX, stop);
        let outcome = outcome.expect("stopped cleanly");
        assert!(!outcome.reached && outcome.progress.steps == stop);
    }
    let (outcome, _) = tiny.train(&parts, u64::MAX, u64::MAX);
    assert!(outcome.expect("trained").reached);
    assert_same_state(&whole, &parts);
}

#[test]
fn the_face_is_learnt_and_an_interruption_changes_nothing() {
    interrupted_equals_uninterrupted(&tiny_face(None), [7, 15]);
}

#[test]
fn replayed_pictures_are_painted_again_after_an_interruption() {
    interrupted_equals_uninterrupted(&tiny_face(Some(REPLAY)), [7, 23]);
}

#[test]
fn the_body_is_learnt_and_an_interruption_changes_nothing() {
    interrupted_equals_uninterrupted(&tiny_body(None), [1, 3]);
}

#[test]
fn the_body_learns_from_patches_and_an_interruption_changes_nothing() {
    let mut tiny = tiny_body(Some(Replay { pictures: 6, teacher_batch: 2, fill: 4, steps: 2, ..REPLAY }));
    tiny.course.phases[0].until = 12;
    interrupted_equals_uninterrupted(&tiny, [3, 8]);
}

#[test]
fn training_lowers_the_held_out_error_to_less_than_half() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tiny = tiny_face(None);
    tiny.course.phases = vec![phase(600, 2e-3, FaceWeights { full: 1.0, eye_mouth: 0.0 })];
    tiny.intervals = Intervals { snapshot: 600, checkpoint: 600, held_out: 200 };
    let (outcome, notes) = tiny.train(folder.path(), u64::MAX, u64::MAX);
    assert!(outcome.expect("trained").reached);
    let (first, last) = (notes.held_out[0], notes.held_out[notes.held_out.len() - 1]);
    assert_eq!((first.examples, last.examples, notes.held_out.len()), (0, 600, 4));
    assert!(last.l1 < first.l1 / 2.0, "{} to {}", first.l1, last.l1);
    assert!(notes.losses > 0);
}

#[test]
fn snapshots_and_checkpoints_come_when_they_are_due() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (outcome, notes) = tiny_face(None).train(folder.path(), u64::MAX, u64::MAX);
    assert!(outcome.expect("trained").reached);
    // Steps of 4: after multiples of 30, and checkpoints of 80 with a snapshot each.
    assert_eq!(notes.saved, [32, 60, 80, 80, 92, 120, 152, 160, 160]);
    for (number, examples) in [("0000", 0), ("0001", 80), ("0002", 160)] {
        let checkpoint = folder.path().join("checkpoint").join(number);
        let seen = fs::read_to_string(checkpoint.join("examples_seen_so_far.txt")).expect("there");
        assert_eq!(seen.trim(), examples.to_string());
        let pt = fs::read(checkpoint.join("module_module.pt")).expect("there");
        let weights = Weights::read(&pt).expect("a state dict");
        assert!(weights.0.contains_key("siren.last_linear.weight"), "{:?}", weights.0.keys());
    }
}

#[test]
fn samples_logs_and_a_plot_are_left_for_people() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tiny = tiny_face(None);
    tiny.sample_interval = Some(80);
    tiny.train(folder.path(), u64::MAX, u64::MAX).0.expect("trained");
    for examples in [80, 160] {
        let sheet = folder.path().join(format!("sample_outputs/sample_output_{examples:010}.png"));
        assert_eq!(image::image_dimensions(sheet).expect("a picture"), (512, 512));
    }
    let entries = crate::report::read_metrics(&folder.path().join("log")).expect("read");
    let names: Vec<&String> = entries.iter().flat_map(|entry| entry.values.keys()).collect();
    for name in ["training_module_eye_mouth_loss", "training_module_loss", "module_learning_rate", "held_out_l1"] {
        assert!(names.iter().any(|known| *known == name), "{name} is not in {names:?}");
    }
    assert!(image::image_dimensions(folder.path().join("losses.png")).is_ok());
}

/// Numbers in the shapes of torchvision's VGG16, as far as the perceptual loss reads it.
fn write_vgg16(path: &Path) {
    let layers = [(0, 3, 64), (2, 64, 64), (5, 64, 128), (7, 128, 128), (10, 128, 256), (12, 256, 256), (14, 256, 256)];
    let tensors = layers.iter().flat_map(|&(layer, inputs, outputs)| {
        let tensor = |kind: &str, shape: Vec<usize>| {
            let values = (0..shape.iter().product()).map(|index: usize| 0.02 * (index as f32).sin()).collect();
            (format!("features.{layer}.{kind}"), Stored { shape, values })
        };
        [tensor("weight", vec![outputs, inputs, 3, 3]), tensor("bias", vec![outputs])]
    });
    let weights = Weights(tensors.collect()).to_safetensors().expect("encoded");
    fs::write(path, weights).expect("written");
}

#[test]
fn the_perceptual_loss_is_a_term_beside_the_others() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vgg16.safetensors");
    write_vgg16(&path);
    let loss = PerceptualLoss::load(&path, &FlexDevice).expect("a network");
    let mut tiny = tiny_face(None);
    tiny.batch = 1;
    let (outcome, notes) = tiny.train(&folder.path().join("without"), 1, u64::MAX);
    let without = outcome.expect("trained");
    assert_eq!(notes.terms, ["full", "eye_mouth"]);
    tiny.lesson.perceptual = Some(PerceptualTerm { loss, weight: 10.0 });
    let (outcome, notes) = tiny.train(&folder.path().join("with"), 1, u64::MAX);
    assert_eq!(notes.terms, ["full", "eye_mouth", "perceptual"]);
    let weights = |outcome: &Outcome<_>| Lesson::<Trained>::weights(&tiny.lesson, &outcome.student);
    assert_ne!(weights(&outcome.expect("trained")), weights(&without), "it steers the student");
}

#[test]
fn a_target_ends_a_run_and_another_goes_on_from_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tiny = tiny_face(None);
    for (target, reached) in [(20, 20), (20, 20), (10, 20), (50, 52)] {
        let (outcome, _) = tiny.train(folder.path(), target, u64::MAX);
        let outcome = outcome.expect("trained");
        assert!(outcome.reached && outcome.progress.examples == reached, "{target}: {:?}", outcome.progress);
        assert_eq!(newest(folder.path()).progress.examples, reached);
    }
}

#[test]
fn a_damaged_newest_snapshot_costs_only_what_came_after_the_one_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (whole, damaged) = (folder.path().join("whole"), folder.path().join("damaged"));
    let tiny = tiny_face(None);
    tiny.train(&whole, u64::MAX, u64::MAX).0.expect("trained");
    tiny.train(&damaged, u64::MAX, 35).0.expect("stopped");
    let mut snapshots: Vec<_> =
        fs::read_dir(damaged.join("snapshot")).expect("there").flatten().map(|entry| entry.path()).collect();
    snapshots.sort();
    let last = snapshots.last().expect("one");
    let half = fs::read(last).expect("there");
    fs::write(last, &half[..half.len() / 2]).expect("written");
    let (outcome, notes) = tiny.train(&damaged, u64::MAX, u64::MAX);
    assert!(outcome.expect("trained").reached && notes.damaged == 1);
    assert_same_state(&whole, &damaged);
}

#[test]
fn where_nothing_can_be_written_training_goes_on_and_the_last_good_snapshot_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tiny = tiny_face(None);
    tiny.train(folder.path(), 40, u64::MAX).0.expect("trained");
    // A folder in the way of each of the next ones refuses them as a full disk would, even to root.
    for examples in [60, 80, 92, 120, 152, 160] {
        fs::create_dir_all(folder.path().join(format!("snapshot/{examples:010}.snapshot"))).expect("created");
    }
    let (outcome, notes) = tiny.train(folder.path(), 120, u64::MAX);
    assert!(matches!(outcome, Err(TrainError::Save { .. })), "it is no success that nothing was kept");
    assert!(notes.not_saved >= 3, "{}", notes.not_saved);
    for examples in [60, 80, 92, 120, 152, 160] {
        fs::remove_dir(folder.path().join(format!("snapshot/{examples:010}.snapshot"))).expect("removed");
    }
    fs::remove_dir_all(folder.path().join("checkpoint")).expect("removed");
    assert_eq!(newest(folder.path()).progress.examples, 40);
    assert!(tiny.train(folder.path(), u64::MAX, u64::MAX).0.expect("trained").reached);
}

#[test]
fn another_training_does_not_go_on_from_this_ones_snapshot() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tiny = tiny_face(None);
    tiny.train(folder.path(), 20, u64::MAX).0.expect("trained");
    tiny.ingredients.insert("picture".to_owned(), "other".to_owned());
    let error = tiny.train(folder.path(), 40, u64::MAX).0.expect_err("refused");
    assert!(error.to_string().contains("another picture"), "{error}");
    let mut tiny = tiny_face(None);
    tiny.lesson.network = FaceMorpherConfig::new(vec![16, 13]);
    let error = tiny.train(folder.path(), 40, u64::MAX).0.expect_err("refused");
    assert!(matches!(error, TrainError::Misfit { .. }) && error.to_string().contains("sine.1.weight"), "{error}");
}

#[test]
fn a_training_that_diverges_ends_before_it_spoils_a_snapshot() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tiny = tiny_face(None);
    tiny.train(folder.path(), 20, u64::MAX).0.expect("trained");
    tiny.course.phases = vec![phase(160, 1e38, FaceWeights { full: 1e30, eye_mouth: 0.0 })];
    let error = tiny.train(folder.path(), u64::MAX, u64::MAX).0.expect_err("diverged");
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
    assert_eq!(newest(folder.path()).progress.examples, 20);
}

/// Two devices see the examples that one would, and step down the mean of their gradients; only sums are rounded apart.
#[test]
fn two_devices_learn_as_one_does_and_an_interruption_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [one, two, parts] = ["one", "two", "parts"].map(|name| folder.path().join(name));
    let tiny = tiny_face(None);
    tiny.train(&one, u64::MAX, u64::MAX).0.expect("trained");
    tiny.train_on(2, &two, u64::MAX, u64::MAX).0.expect("trained");
    let outcome = tiny.train_on(2, &parts, u64::MAX, 13).0.expect("stopped");
    assert!(!outcome.reached && outcome.progress.steps == 13);
    tiny.train_on(2, &parts, u64::MAX, u64::MAX).0.expect("trained");
    assert_same_state(&two, &parts);
    let [alone, together] = [newest(&one), newest(&two)];
    assert_eq!(alone.progress.examples, together.progress.examples);
    let errors = [alone, together].map(|it| it.progress.held_out.expect("measured").l1);
    assert!((errors[0] / errors[1] - 1.0).abs() < 1e-2, "{errors:?}");
}
