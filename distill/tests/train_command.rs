//! `bunraku-distill train` and `status`, run from outside.
//!
//! The teacher has formula weights, full size, and takes seconds for a picture: the tests have it render as few as
//! they can.

mod support;

use bunraku_core::character::CharacterModel;
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use support::{distill, seeds_folder, stderr};
use tempfile::TempDir;

/// Tiny students that see two examples each.
const RECIPE: &str = "
from: reference
held_out_poses: 1
intervals: {snapshot: 1, checkpoint: 2, held_out: 2}
face:
  network: [8]
  batch: 1
  phases: [{until: 2, learning_rate: 1.0e-3, losses: {full: 1, eye_mouth: 20}}]
body:
  network: [[6], [5], [4]]
  batch: 1
  phases: [{until: 1, learning_rate: 1.0e-3, losses: {blended: 1, warped: 1, grid_change: 1, color_change: 1}}]
";

const CONFIG: &str = "prefix: out
character_image_file_name: a.png
face_mask_image_file_name: mask.png
face_morpher_num_training_examples_per_sample_output: null
body_morpher_num_training_examples_per_sample_output: null
backend: cpu
recipe: tiny.yaml
";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    distill(folder).args(arguments).output().expect("the command runs")
}

fn status(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[&["status", "--json"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("one line of JSON")
}

/// A working folder with a configuration, picture, mask and recipe in it.
fn working_folder() -> TempDir {
    let folder = support::working_folder(CONFIG, "mask.png");
    fs::write(folder.path().join("tiny.yaml"), RECIPE).expect("written");
    folder
}

/// Starts a training, and waits for a line on its standard error that has `part` in it.
fn started(folder: &Path, arguments: &[&str], part: &str) -> (Child, Vec<String>) {
    let mut child = distill(folder).args(arguments).stderr(Stdio::piped()).spawn().expect("the command runs");
    let lines = BufReader::new(child.stderr.take().expect("piped")).lines().map(|line| line.expect("text"));
    let mut seen = Vec::new();
    for line in lines {
        seen.push(line);
        if seen.last().is_some_and(|line| line.contains(part)) {
            return (child, seen);
        }
    }
    let status = child.wait().expect("ended");
    panic!("{status}: {part} is not in\n{}", seen.join("\n"));
}

#[test]
fn a_character_is_trained_saved_and_reported() {
    let folder = working_folder();
    let begun = status(folder.path(), &["config.yaml"]);
    assert_eq!((&begun["running"], &begun["students"][0]["examples"]), (&Value::from(false), &Value::from(0)));
    let output = run(folder.path(), &["train", "config.yaml"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for part in
        ["FORMULA WEIGHTS", "training on random poses", "face_morpher: begins", "body_morpher: begins", "held-out L1"]
    {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    let out = folder.path().join("out");
    let model = CharacterModel::load(&out.join("character_model")).expect("a character");
    assert_eq!((model.face.sine.len(), model.body.levels[2][0].outputs), (1, 4));
    let bytes = |path: PathBuf| fs::read(path).expect("there");
    assert_eq!(bytes(out.join("character_model/character.png")), bytes(folder.path().join("a.png")));
    assert_eq!(bytes(out.join("config.yaml")), bytes(folder.path().join("config.yaml")));
    assert!(out.join("face_morpher/checkpoint/0001/module_module.pt").is_file());

    let done = status(folder.path(), &["config.yaml"]);
    for (student, total) in [(&done["students"][0], 2), (&done["students"][1], 1)] {
        assert_eq!((&student["examples"], &student["total"]), (&Value::from(total), &Value::from(total)));
        assert!(
            student["held_out"]["l1"].as_f64().is_some_and(|l1| l1 > 0.0)
                && student["damaged"] == Value::from(vec![0; 0])
        );
    }
    assert_eq!(done["character"], "out/character_model");

    // In the reference an old configuration in the folder silently wins over the new one.
    let other = CONFIG.replace("backend", "face_morpher_random_seed_1: 7\nbackend");
    fs::write(folder.path().join("other.yaml"), other).expect("written");
    let output = run(folder.path(), &["train", "other.yaml"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let part = "error: the face_morpher's checkpoints are from a training with a different second random seed";
    assert!(text.contains(part), "{text}");
    assert!(text.lines().last().is_some_and(|line| line.starts_with("help: ")), "{text}");
}

#[cfg(unix)]
#[test]
fn a_stop_is_clean_a_second_training_refused_and_damage_reported() {
    let folder = working_folder();
    // Without permanent checkpoints: one may equal the newest rolling one.
    let recipe = RECIPE.replace("until: 2", "until: 1000000").replace("checkpoint: 2", "checkpoint: 1000000");
    fs::write(folder.path().join("tiny.yaml"), recipe).expect("written");
    let (mut child, _) = started(folder.path(), &["train", "config.yaml", "-v"], "saved after 2 examples");
    assert_eq!(status(folder.path(), &["config.yaml"])["running"], true);
    let second = run(folder.path(), &["train", "config.yaml"]);
    assert!(second.status.code() == Some(1) && stderr(&second).contains("another training is running in out"));
    Command::new("kill").arg(child.id().to_string()).status().expect("SIGTERM is sent");
    assert_eq!(child.wait().expect("ended").code(), Some(0));
    let stopped = status(folder.path(), &["config.yaml"]);
    let student = &stopped["students"][0];
    assert!(stopped["running"] == false && student["examples"].as_u64().is_some_and(|examples| examples >= 2));

    let newest = folder.path().join(student["snapshot"].as_str().expect("a path"));
    fs::write(&newest, "cut").expect("written");
    let damaged = status(folder.path(), &["config.yaml"]);
    assert_eq!(damaged["students"][0]["damaged"][0]["path"], student["snapshot"]);
    assert!(damaged["students"][0]["examples"].as_u64() < student["examples"].as_u64());
}

/// The original's two configurations, unchanged, in a folder laid out for them.
#[cfg(unix)]
#[test]
fn training_starts_on_the_originals_configurations() {
    for (folder, config) in ["lambda_00", "lambda_01"].into_iter().filter_map(seeds_folder) {
        let (mut child, seen) = started(folder.path(), &["train", &config, "--backend", "cpu"], "the teacher renders");
        let seen = seen.join("\n");
        for part in ["warning: data/tha4/upscaler.pt", "FORMULA WEIGHTS", "face_morpher: begins, 1000000 in 4 phases"] {
            assert!(seen.contains(part), "{part}\nis not in\n{seen}");
        }
        Command::new("kill").arg(child.id().to_string()).status().expect("SIGTERM is sent");
        assert_eq!(child.wait().expect("ended").code(), Some(0));
    }
}

#[test]
fn an_invalid_training_is_refused_with_help() {
    let folder = working_folder();
    fs::write(folder.path().join("poses.pt"), "junk").expect("written");
    fs::write(folder.path().join("wrong.yaml"), "from: fast\nbody: {replay: {stepps: 1}}").expect("written");
    let train = |config: &str| {
        fs::write(folder.path().join("config.yaml"), config).expect("written");
        let output = run(folder.path(), &["train", "config.yaml"]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        stderr(&output)
    };
    for (text, part) in [
        (train(&format!("{CONFIG}pose_dataset: poses.pt\n")), "error: poses.pt: is neither a PyTorch zip archive"),
        (train(&format!("{CONFIG}num_gpu: 1\n")), "did you mean `num_gpus`?"),
        (train(&CONFIG.replace("tiny.yaml", "wrong.yaml")), "did you mean `steps`?"),
        (
            train(&CONFIG.replace("tiny.yaml", "slow")),
            "slow: is neither a built-in recipe nor a readable file: no such file",
        ),
    ] {
        assert!(
            text.contains("error: ") && text.contains(part) && text.contains("\nhelp: "),
            "{part}\nis not in\n{text}"
        );
    }
    assert!(!folder.path().join("out/config.yaml").exists(), "nothing was begun");
}

/// The result depends on the configuration alone, however often the program is killed.
#[cfg(unix)]
#[test]
fn kill_9_costs_only_time() {
    let recipe = RECIPE.replace("checkpoint: 2, held_out: 2", "checkpoint: 100, held_out: 100");
    let recipe = recipe.replace("until: 2", "until: 40").replace("until: 1,", "until: 10,");
    let art = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/robot.svg");
    let [whole, killed] = [working_folder(), working_folder()];
    for folder in [&whole, &killed] {
        fs::write(folder.path().join("tiny.yaml"), &recipe).expect("written");
        fs::write(folder.path().join("config.yaml"), format!("{CONFIG}teacher: robot.svg\n")).expect("written");
        fs::copy(art, folder.path().join("robot.svg")).expect("copied");
    }
    let finish = |folder: &TempDir| {
        let output = run(folder.path(), &["train", "config.yaml"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stderr(&output)
    };
    finish(&whole);
    // During the face's training, and during the body's.
    for part in ["saved after 2 examples", "body_morpher: begins"] {
        let (mut child, _) = started(killed.path(), &["train", "config.yaml", "-v"], part);
        child.kill().expect("SIGKILL is sent");
        assert_eq!(child.wait().expect("ended").code(), None, "it was killed before it was done");
        assert_eq!(status(killed.path(), &["config.yaml"])["character"], Value::Null);
    }
    assert!(finish(&killed).contains("face_morpher: resumes after 40 examples"));
    for file in ["character.png", "character_model.yaml", "face_morpher.safetensors", "body_morpher.safetensors"] {
        let bytes = |folder: &TempDir| fs::read(folder.path().join("out/character_model").join(file)).expect("there");
        assert!(bytes(&whole) == bytes(&killed), "{file} differs");
    }
}

#[test]
fn overrides_are_checked_in_place_of_the_configuration() {
    let folder = working_folder();
    let perceptual = format!("{RECIPE}perceptual: {{weights: vgg16.pth, face: 1, body: 1}}\n");
    fs::write(folder.path().join("seen.yaml"), perceptual).expect("written");
    let output = run(folder.path(), &["train", "config.yaml", "--recipe", "seen.yaml"]);
    let text = stderr(&output);
    assert!(output.status.code() == Some(1) && text.contains("error: vgg16.pth: no such file"), "{text}");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/robot.svg"), folder.path().join("robot.svg"))
        .expect("copied");
    let broken = CONFIG.replace("tiny.yaml", "absent.yaml");
    fs::write(folder.path().join("config.yaml"), format!("{broken}teacher: robot.svg\n")).expect("written");
    let output = run(folder.path(), &["train", "config.yaml", "--recipe", "tiny.yaml", "--examples", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// Layered art is the teacher here: fast to draw, and easy to change.
#[test]
fn a_moved_teacher_resumes_and_a_changed_one_is_refused_by_name() {
    let folder = working_folder();
    let art = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/robot.svg")).expect("a fixture");
    let train = |teacher: &str, art: &str, examples: &str| {
        fs::write(folder.path().join(teacher), art).expect("written");
        // The recipe moves along, and other fields change that do not identify a training.
        let recipe = teacher.replace("svg", "yaml");
        fs::write(folder.path().join(&recipe), RECIPE).expect("written");
        let workers = teacher.len();
        let config = CONFIG.replace("tiny.yaml", &recipe).replace("output: null", "output: 10000");
        let text = format!("{config}teacher: {teacher}\nnum_cpu_workers: {workers}\n");
        fs::write(folder.path().join("config.yaml"), text).expect("written");
        let output = run(folder.path(), &["train", "config.yaml", "--examples", examples]);
        (output.status.code(), stderr(&output))
    };
    let (code, text) = train("robot.svg", &art, "1");
    assert!(code == Some(0) && text.contains("face_morpher: begins"), "{text}");
    let (code, text) = train("moved.svg", &art, "2");
    assert!(code == Some(0) && text.contains("face_morpher: resumes after 1 examples"), "{text}");
    let kept = fs::read_to_string(folder.path().join("out/config.yaml")).expect("there");
    assert!(kept.contains("teacher: moved.svg"), "{kept}");
    let (code, text) = train("moved.svg", &format!("{art}<!-- changed -->"), "2");
    assert!(code == Some(1) && text.contains("from a training with a different teacher's art\nhelp: "), "{text}");
}
