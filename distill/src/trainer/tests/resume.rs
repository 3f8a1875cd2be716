//! Resumed trainings: from where they stopped, with the same inputs, and with the same result.

use super::*;

/// A training that is interrupted twice, once when a checkpoint is due and once not, ends like an uninterrupted one.
fn interrupted_equals_uninterrupted<N: Sync, L>(tiny: &Tiny<L, N, L::Losses>, stops: [u64; 2])
where
    L: Objective<Trained, Losses: Sync> + Sync,
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
fn an_interruption_does_not_change_the_face() {
    interrupted_equals_uninterrupted(&tiny_face(None), [7, 15]);
}

#[test]
fn the_replay_buffer_is_rendered_again_after_an_interruption() {
    interrupted_equals_uninterrupted(&tiny_face(Some(REPLAY)), [7, 23]);
}

#[test]
fn an_interruption_does_not_change_the_body() {
    interrupted_equals_uninterrupted(&tiny_body(None), [1, 3]);
}

#[test]
fn an_interruption_does_not_change_a_body_trained_on_patches() {
    let mut tiny = tiny_body(Some(Replay { pictures: 6, teacher_batch: 2, fill: 4, steps: 2, ..REPLAY }));
    tiny.student_recipe.phases[0].until = 12;
    interrupted_equals_uninterrupted(&tiny, [3, 8]);
}

/// Two devices see the same examples as one, and step along the mean of their gradients; only rounding differs.
#[test]
fn two_devices_learn_like_one_and_an_interruption_changes_nothing() {
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

#[test]
fn two_devices_have_replay_buffers_of_their_own_and_an_interruption_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let tiny = tiny_face(Some(REPLAY));
    tiny.train_on(2, &whole, u64::MAX, u64::MAX).0.expect("trained");
    let outcome = tiny.train_on(2, &parts, u64::MAX, 13).0.expect("stopped");
    assert!(!outcome.reached && outcome.progress.steps == 13);
    tiny.train_on(2, &parts, u64::MAX, u64::MAX).0.expect("trained");
    assert_same_state(&whole, &parts);
}

#[test]
fn a_run_ends_at_its_target_and_the_next_one_resumes() {
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
fn a_damaged_newest_checkpoint_costs_only_the_steps_since_the_one_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (whole, damaged) = (folder.path().join("whole"), folder.path().join("damaged"));
    let tiny = tiny_face(None);
    tiny.train(&whole, u64::MAX, u64::MAX).0.expect("trained");
    tiny.train(&damaged, u64::MAX, 35).0.expect("stopped");
    let mut checkpoints: Vec<_> =
        fs::read_dir(damaged.join("snapshot")).expect("there").flatten().map(|entry| entry.path()).collect();
    checkpoints.sort();
    let last = checkpoints.last().expect("one");
    let half = fs::read(last).expect("there");
    fs::write(last, &half[..half.len() / 2]).expect("written");
    let (outcome, notes) = tiny.train(&damaged, u64::MAX, u64::MAX);
    assert!(outcome.expect("trained").reached && notes.damaged == 1);
    assert_same_state(&whole, &damaged);
}

#[test]
fn another_training_does_not_resume_from_this_ones_checkpoint() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tiny = tiny_face(None);
    tiny.train(folder.path(), 20, u64::MAX).0.expect("trained");
    tiny.fingerprint.insert("picture".to_owned(), "other".to_owned());
    let error = tiny.train(folder.path(), 40, u64::MAX).0.expect_err("refused");
    assert!(error.to_string().contains("a different picture"), "{error}");
    let mut tiny = tiny_face(None);
    tiny.objective.network = FaceMorpherConfig::new(vec![16, 13]);
    let error = tiny.train(folder.path(), 40, u64::MAX).0.expect_err("refused");
    assert!(matches!(error, TrainError::Misfit { .. }) && error.to_string().contains("sine.1.weight"), "{error}");
}

/// Its hash matches: another program wrote it, or a faulty one.
#[test]
fn moments_that_do_not_fit_their_weights_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tiny = tiny_face(None);
    tiny.train(folder.path(), 20, u64::MAX).0.expect("trained");
    for name in ["adam.mean.sine.0.weight", "adam.square.last.bias"] {
        let mut checkpoint = newest(folder.path());
        checkpoint.tensors.insert(name.to_owned(), Stored { shape: vec![3], values: vec![0.0; 3] });
        let other = folder.path().join(name);
        CheckpointStore::new(&other).save(&checkpoint).expect("saved");
        let error = tiny.train(&other, 40, u64::MAX).0.expect_err("refused");
        assert!(matches!(&error, TrainError::Misfit { tensor, .. } if tensor == name), "{error}");
    }
}
