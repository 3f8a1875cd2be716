//! Tests of reading and writing checkpoints.

use super::*;
use crate::checkpoint::format::tests::checkpoint;
use std::thread;
use tempfile::TempDir;

fn store() -> (TempDir, CheckpointStore) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = CheckpointStore::new(&folder.path().join("face_morpher"));
    (folder, store)
}

fn newest_examples(store: &CheckpointStore) -> Option<u64> {
    store.newest().checkpoint.map(|(_, checkpoint)| checkpoint.progress.examples)
}

#[test]
fn the_newest_is_read_and_older_ones_are_removed() {
    let (_folder, store) = store();
    assert!(store.newest().checkpoint.is_none());
    for examples in [8, 90, 1000] {
        store.save(&checkpoint(examples)).expect("saved");
    }
    assert_eq!(store.newest().checkpoint.map(|(_, checkpoint)| checkpoint), Some(checkpoint(1000)));
    let left: Vec<u64> = listed(&store.rolling()).into_iter().map(|(examples, _)| examples).collect();
    assert_eq!(left, [90, 1000]);
}

#[test]
fn after_two_damaged_checkpoints_the_next_saved_one_is_used() {
    let (_folder, store) = store();
    for examples in [16, 24] {
        store.save(&checkpoint(examples)).expect("saved");
        fs::write(store.rolling().join(format!("{examples:010}.snapshot")), b"torn").expect("written");
    }
    assert_eq!(newest_examples(&store), None);
    for examples in [8, 12] {
        store.save(&checkpoint(examples)).expect("saved");
        assert_eq!(newest_examples(&store), Some(examples));
    }
}

#[test]
fn a_state_with_nan_never_replaces_a_checkpoint() {
    let (_folder, store) = store();
    store.save(&checkpoint(8)).expect("saved");
    let mut lost = checkpoint(16);
    lost.tensors.values_mut().for_each(|tensor| tensor.values.fill(f32::NAN));
    assert!(matches!(store.save(&lost), Err(CheckpointError::NotFinite(_))));
    assert_eq!(newest_examples(&store), Some(8));
}

#[test]
fn a_damaged_newest_checkpoint_falls_back_to_the_one_before() {
    let (_folder, store) = store();
    for examples in [8, 16] {
        store.save(&checkpoint(examples)).expect("saved");
    }
    let path = store.rolling().join("0000000016.snapshot");
    let mut bytes = fs::read(&path).expect("there");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&path, bytes).expect("written");
    let newest = store.newest();
    assert_eq!(newest.checkpoint.map(|(_, checkpoint)| checkpoint.progress.examples), Some(8));
    assert!(matches!(&newest.damaged[..], [Damaged { path: at, why: CheckpointError::Hash }] if *at == path));
    fs::write(&path, b"").expect("written");
    assert_eq!(newest_examples(&store), Some(8), "a file truncated by a power failure");
}

/// After kill -9 in the middle of a write: half a file under its temporary name.
#[test]
fn half_a_checkpoint_under_its_temporary_name_is_ignored_and_cleaned_up() {
    let (_folder, store) = store();
    store.save(&checkpoint(8)).expect("saved");
    let bytes = checkpoint(16).to_bytes().expect("written");
    let aside = store.rolling().join(".tmpA1b2C3");
    fs::write(&aside, &bytes[..bytes.len() / 2]).expect("written");
    assert_eq!(newest_examples(&store), Some(8));
    store.clean();
    assert!(!aside.exists());
    assert_eq!(newest_examples(&store), Some(8));
}

#[test]
fn a_permanent_checkpoint_is_kept_and_can_be_resumed() {
    let (_folder, store) = store();
    store.save_permanent(1, &checkpoint(100), b"weights").expect("saved");
    for examples in [8, 16, 24, 32] {
        store.save(&checkpoint(examples)).expect("saved");
    }
    assert_eq!(newest_examples(&store), Some(100));
    let pt = store.folder.join("checkpoint/0001/module_module.pt");
    assert_eq!(fs::read(pt).expect("there"), b"weights");
    let litter = store.folder.join("checkpoint/0001/.tmpA1b2C3");
    fs::write(&litter, b"half").expect("written");
    store.clean();
    assert!(!litter.exists());
}

#[test]
fn a_permanent_checkpoints_age_is_its_hashed_one() {
    let (_folder, store) = store();
    let permanent = |number: u64, text: &str| {
        store.save_permanent(number, &checkpoint(10 * number), b"weights").expect("saved");
        fs::write(store.folder.join(format!("checkpoint/{number:04}")).join(SEEN), text).expect("written");
    };
    permanent(1, "90\n");
    permanent(2, "x");
    permanent(3, "3\n");
    assert_eq!(newest_examples(&store), Some(30));
    fs::write(store.folder.join("checkpoint/0002").join(STATE), b"torn").expect("written");
    let newest = store.newest();
    assert_eq!(newest.checkpoint.map(|(_, checkpoint)| checkpoint.progress.examples), Some(30));
    assert!(matches!(&newest.damaged[..], [it] if it.path.ends_with("0002/state.snapshot")));
}

#[test]
fn looking_while_a_training_runs_finds_no_damage() {
    let (_folder, store) = store();
    store.save(&checkpoint(1)).expect("saved");
    thread::scope(|scope| {
        let training = scope.spawn(|| (2..100).for_each(|examples| store.save(&checkpoint(examples)).expect("saved")));
        while !training.is_finished() {
            let damaged = store.newest().damaged;
            assert!(damaged.is_empty(), "{damaged:?}");
        }
    });
}

#[test]
fn a_failed_write_names_the_file_and_keeps_the_old_one() {
    let (_folder, store) = store();
    store.save(&checkpoint(8)).expect("saved");
    // A folder of that name cannot be replaced by a file, not even by root.
    fs::create_dir(store.rolling().join("0000000016.snapshot")).expect("created");
    let error = store.save(&checkpoint(16)).expect_err("refused");
    assert!(error.to_string().contains("0000000016.snapshot"), "{error}");
    let newest = store.newest();
    assert_eq!(newest.checkpoint.map(|(_, checkpoint)| checkpoint.progress.examples), Some(8));
}
