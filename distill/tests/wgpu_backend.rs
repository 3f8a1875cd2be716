//! Training on a GPU matches training on the CPU. Built with `--features wgpu` only; a software adapter will do.
#![cfg(feature = "wgpu")]

use bunraku_test_support::{Means, missing};
use std::{fs, path::Path, process::Command};

/// Small students, one step of each, their pictures kept in half precision.
const RECIPE: &str = "
from: fast
held_out_poses: 1
face:
  network: [32, 32, 32]
  batch: 4
  replay: {pictures: 16, teacher_batch: 16, fill: 16, patch: 64, places: 2}
  phases: [{until: 4, learning_rate: 3.0e-3, losses: {full: 1, eye_mouth: 1}}]
body:
  network: [[24, 24], [24], [24]]
  batch: 2
  replay: {pictures: 8, teacher_batch: 8, fill: 8, patch: 128, places: 2}
  phases: [{until: 2, learning_rate: 5.0e-3, losses: {blended: 1, warped: 1, grid_change: 10, color_change: 1}}]
";

/// What a training on `backend` says of the held-out error before and after its step, of the face and of the body.
fn held_out(folder: &Path, backend: &str) -> Option<Vec<f64>> {
    fs::create_dir(folder.join(backend)).expect("created");
    fs::write(folder.join("recipe.yaml"), RECIPE).expect("written");
    let art = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/robot.svg");
    let config = format!("prefix: {backend}\nteacher: {art}\nrecipe: recipe.yaml\nbackend: {backend}\n");
    fs::write(folder.join("config.yaml"), config).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bunraku-distill"));
    let output = command.current_dir(folder).args(["train", "config.yaml"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("no device for") {
        return missing(Means::Gpu, said);
    }
    assert!(output.status.success(), "{said}");
    let logged = |student: &str| {
        let log = fs::read_to_string(folder.join(backend).join(student).join("log/metrics.jsonl")).expect("a log");
        let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        lines.filter_map(|line| line["values"]["held_out_l1"].as_f64()).collect::<Vec<_>>()
    };
    Some(["face_morpher", "body_morpher"].iter().flat_map(|student| logged(student)).collect())
}

#[test]
fn gpu_and_cpu_train_alike() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(card) = held_out(folder.path(), "wgpu") else { return };
    let processor = held_out(folder.path(), "cpu").expect("it is always there");
    assert_eq!((card.len(), processor.len()), (4, 4), "before and after, of both students");
    let far = |(a, b): (&f64, &f64)| (a / b - 1.0).abs();
    assert!(card.iter().zip(&processor).map(far).all(|far| far < 1e-3), "{card:?} beside {processor:?}");
}
