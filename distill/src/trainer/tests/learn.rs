//! A short training lowers the error, uses every loss term, and writes its reports.

use super::*;

/// The least factor by which a short training on a CPU lowers the held-out error.
const FACTOR: f64 = 5.0;

/// 600 examples, which take seconds, lower the mean absolute error on the held-out poses at least [`FACTOR`]-fold. The
/// measured factor is printed by `cargo test --release -p bunraku-distill --lib -- --nocapture
/// lowers_the_held_out_error`.
#[test]
fn a_short_training_lowers_the_held_out_error_by_the_stated_factor() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tiny = tiny_face(None);
    tiny.student_recipe.phases = vec![phase(600, 2e-3, FaceWeights { full: 1.0, eye_mouth: 0.0 })];
    tiny.intervals = Intervals { snapshot: 600, checkpoint: 600, held_out: 200 };
    let (outcome, notes) = tiny.train(folder.path(), u64::MAX, u64::MAX);
    assert!(outcome.expect("trained").reached);
    let (first, last) = (notes.held_out[0], notes.held_out[notes.held_out.len() - 1]);
    assert_eq!((first.examples, last.examples, notes.held_out.len()), (0, 600, 4));
    println!("held-out L1 {:.5} after 0 examples, {:.5} after {}", first.l1, last.l1, last.examples);
    assert!(last.l1 * FACTOR < first.l1, "{} to {}", first.l1, last.l1);
    assert!(notes.losses > 0);
}

#[test]
fn samples_logs_and_a_plot_are_written() {
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

/// Made-up weights in the shapes of torchvision's VGG16, as far as the perceptual loss reads it.
fn write_vgg16(path: &Path) {
    let tensors = crate::perceptual::CONVOLUTIONS.iter().flat_map(|&(layer, inputs, outputs)| {
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
fn the_perceptual_loss_is_an_additional_term() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("vgg16.safetensors");
    write_vgg16(&path);
    let loss = PerceptualLoss::load(&path, &FlexDevice).expect("a network");
    let mut tiny = tiny_face(None);
    tiny.batch = 1;
    let (outcome, notes) = tiny.train(&folder.path().join("without"), 1, u64::MAX);
    let without = outcome.expect("trained");
    assert_eq!(notes.terms, ["full", "eye_mouth"]);
    tiny.objective.perceptual = Some(PerceptualTerm { loss, weight: 10.0 });
    let (outcome, notes) = tiny.train(&folder.path().join("with"), 1, u64::MAX);
    assert_eq!(notes.terms, ["full", "eye_mouth", "perceptual"]);
    let weights = |outcome: &Outcome<_>| Objective::<Trained>::weights(&tiny.objective, &outcome.student);
    assert_ne!(weights(&outcome.expect("trained")), weights(&without), "it changes the student");
}
