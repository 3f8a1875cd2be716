//! Tests of the run directory and its lock.

use super::*;
use crate::checkpoint::{Checkpoint, Progress};
use bunraku_core::character::sample::tiny_character;
use std::{collections::BTreeMap, fs};

const TEXT: &str = "prefix: out\ncharacter_image_file_name: a.png\nface_mask_image_file_name: m.png\n";

fn keep(directory: &RunDirectory, text: &str) -> Result<SavedConfig, RunDirectoryError> {
    directory.keep_config(Path::new("given.yaml"), &DistillerConfig::parse(text).expect("a configuration"), text)
}

#[test]
fn only_one_training_at_a_time_holds_the_lock() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let directory = RunDirectory::new(folder.path());
    assert!(!directory.is_locked());
    let claim = directory.lock().expect("free");
    assert!(directory.is_locked() && matches!(directory.lock(), Err(RunDirectoryError::Busy(_))));
    drop(claim);
    assert!(!directory.is_locked() && directory.lock().is_ok());
}

#[test]
fn asking_for_a_running_training_neither_looks_like_one_nor_blocks_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let directory = RunDirectory::new(folder.path());
    drop(directory.lock().expect("free"));
    let asking = directory.lock_file(false).expect("there");
    asking.try_lock_shared().expect("nobody has it");
    assert!(!directory.is_locked(), "the other one only asks");
    let claim = thread::scope(|scope| {
        let claim = scope.spawn(|| directory.lock());
        drop(asking);
        claim.join().expect("no panic")
    });
    assert!(claim.is_ok() && directory.is_locked());
}

#[test]
fn leftovers_of_kill_9_are_removed_everywhere() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let directory = RunDirectory::new(folder.path());
    let folders = ["", "character_model", "face_morpher/checkpoint/0001", "body_morpher/sample_outputs"];
    let litter = folders.map(|inner| folder.path().join(inner).join(".tmpA1b2C3"));
    for file in &litter {
        fs::create_dir_all(file.parent().expect("a folder")).and_then(|()| fs::write(file, "half")).expect("made");
    }
    directory.clean(&directory.lock().expect("free"));
    assert!(litter.iter().all(|file| !file.exists()));
}

#[test]
fn published_shapes_are_saved_for_the_original() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (published, name) in [(true, "body_morpher.pt"), (false, "body_morpher.safetensors")] {
        let directory = RunDirectory::new(&folder.path().join(name));
        let saved = directory.save_character(&tiny_character(1), b"a picture", published).expect("saved");
        assert!(saved.join(name).is_file() && saved.join("character_model.yaml").is_file());
        assert_eq!(fs::read(saved.join("character.png")).expect("there"), b"a picture");
    }
}

/// The reference silently goes on with the configuration it finds (`distill/spec/distiller.md`).
#[test]
fn an_old_configuration_never_wins_silently() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let directory = RunDirectory::new(folder.path());
    let other = format!("{TEXT}num_cpu_workers: 3\nface_morpher_batch_size: 4\n");
    assert_eq!(keep(&directory, TEXT).expect("written"), SavedConfig::Written);
    assert_eq!(keep(&directory, &format!("# the same\n{TEXT}num_gpus: 1\n")).expect("same"), SavedConfig::Same);
    assert_eq!(keep(&directory, &other).expect("nothing is lost"), SavedConfig::Replaced);
    assert_eq!(fs::read_to_string(folder.path().join("config.yaml")).expect("there"), other);
    let checkpoint = Checkpoint { progress: Progress::new(BTreeMap::new()), tensors: BTreeMap::new() };
    CheckpointStore::new(&directory.student("face_morpher")).save(&checkpoint).expect("saved");
    let error = keep(&directory, &other.replace("prefix: out", "prefix: in")).expect_err("refused").to_string();
    assert!(error.ends_with(": prefix"), "{error}");
    let moved = format!("{other}teacher: elsewhere\nbackend: cpu\nrecipe: mine.yaml\n");
    assert_eq!(keep(&directory, &moved).expect("it may be the same training"), SavedConfig::Changed);
    assert_eq!(fs::read_to_string(folder.path().join("config.yaml")).expect("there"), other);
    fs::write(folder.path().join("config.yaml"), "torn").expect("written");
    assert!(keep(&directory, TEXT).expect_err("refused").to_string().ends_with(UNREADABLE));
}
