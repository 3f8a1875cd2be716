//! Checkpoints come when they are due, and nothing replaces an intact one.

use super::*;

#[test]
fn checkpoints_of_both_kinds_come_when_they_are_due() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (outcome, notes) = tiny_face(None).train(folder.path(), u64::MAX, u64::MAX);
    assert!(outcome.expect("trained").reached);
    // With steps of 4: rolling ones after multiples of 30, and permanent ones of 80 with a rolling one each.
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
fn training_goes_on_without_disk_space_and_the_last_good_checkpoint_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tiny = tiny_face(None);
    tiny.train(folder.path(), 40, u64::MAX).0.expect("trained");
    // A folder under each of the next names makes writing fail as a full disk would, even for root.
    for examples in [60, 80, 92, 120, 152, 160] {
        fs::create_dir_all(folder.path().join(format!("snapshot/{examples:010}.snapshot"))).expect("created");
    }
    let (outcome, notes) = tiny.train(folder.path(), 120, u64::MAX);
    assert!(matches!(outcome, Err(TrainError::Save { .. })), "saving nothing is no success");
    assert!(notes.not_saved >= 3, "{}", notes.not_saved);
    for examples in [60, 80, 92, 120, 152, 160] {
        fs::remove_dir(folder.path().join(format!("snapshot/{examples:010}.snapshot"))).expect("removed");
    }
    fs::remove_dir_all(folder.path().join("checkpoint")).expect("removed");
    assert_eq!(newest(folder.path()).progress.examples, 40);
    assert!(tiny.train(folder.path(), u64::MAX, u64::MAX).0.expect("trained").reached);
}

#[test]
fn a_diverged_training_stops_before_it_replaces_a_checkpoint() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tiny = tiny_face(None);
    tiny.train(folder.path(), 20, u64::MAX).0.expect("trained");
    tiny.student_recipe.phases = vec![phase(160, 1e38, FaceWeights { full: 1e30, eye_mouth: 0.0 })];
    let error = tiny.train(folder.path(), u64::MAX, u64::MAX).0.expect_err("diverged");
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
    assert_eq!(newest(folder.path()).progress.examples, 20);
}
