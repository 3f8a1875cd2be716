//! What becomes of checkpoints when the process that writes them is killed, or the disk takes no more.
//!
//! The writer is this test program itself, run again with an environment variable that tells it where to write.

#![cfg(unix)]

use bunraku_core::character::Tensor;
use bunraku_distill::checkpoint::{Checkpoint, CheckpointStore, Progress};
use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// Where the writer writes.
const FOLDER: &str = "BUNRAKU_TEST_SNAPSHOT_FOLDER";

/// How many numbers each of the writer's checkpoints has, with spaces between; after the last one it begins again.
const SIZES: &str = "BUNRAKU_TEST_SNAPSHOT_SIZES";

fn checkpoint(examples: u64, numbers: usize) -> Checkpoint {
    let values = (0..numbers).map(|index| (index as u64 * examples) as f32).collect();
    let tensors = BTreeMap::from([("weights.a".to_owned(), Tensor { shape: vec![numbers], values })]);
    Checkpoint { progress: Progress { examples, ..Progress::new(BTreeMap::new()) }, tensors }
}

/// Not a test of its own: writes checkpoints until it is killed, and says of each what became of it. Where nobody tells it
/// where to write, it does nothing.
#[test]
fn writer() {
    let (Ok(folder), Ok(sizes)) = (env::var(FOLDER), env::var(SIZES)) else { return };
    let store = CheckpointStore::new(Path::new(&folder));
    let sizes: Vec<usize> = sizes.split(' ').map(|size| size.parse().expect("a number")).collect();
    for (examples, size) in (1..).zip(sizes.iter().cycle()) {
        match store.save(&checkpoint(examples, *size)) {
            Ok(()) => println!("saved {examples}"),
            Err(error) => println!("failed {examples}: {error}"),
        }
    }
}

/// Runs the writer by way of a shell that first does `before`.
fn start(folder: &Path, sizes: &str, before: &str) -> Child {
    let command = format!("{before} exec \"$0\" --exact writer --nocapture");
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).arg(env::current_exe().expect("this program"));
    shell.env(FOLDER, folder).env(SIZES, sizes).stdout(Stdio::piped());
    shell.spawn().expect("a shell")
}

/// The writer's reports, as they come.
fn reports(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
    lines.filter(|line| line.starts_with("saved") || line.starts_with("failed"))
}

fn newest(folder: &Path) -> Checkpoint {
    let newest = CheckpointStore::new(folder).newest();
    assert!(newest.damaged.is_empty(), "{:?}", newest.damaged);
    newest.checkpoint.expect("a snapshot").1
}

#[test]
fn kill_9_in_the_middle_of_a_snapshot_leaves_the_one_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for round in 1..=8 {
        let mut child = start(folder.path(), "300000", "");
        // The writer does nothing but write: the kill comes while it is at the next one.
        let told = reports(&mut child).nth(round % 3).expect("a report");
        child.kill().and_then(|()| child.wait()).expect("killed");
        let examples: u64 = told.strip_prefix("saved ").expect(&told).parse().expect("a number");
        let kept = newest(folder.path());
        assert!(kept.progress.examples >= examples);
        assert_eq!(kept, checkpoint(kept.progress.examples, 300_000));
        CheckpointStore::new(folder.path()).clean();
        assert!(names(folder.path()).iter().all(|name| name.ends_with(".snapshot")), "{:?}", names(folder.path()));
        fs::remove_dir_all(folder.path().join("snapshot")).expect("removed");
    }
}

/// The names in the checkpoints' folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("snapshot")).expect("there").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// A limit to the size of files fails a write in its middle, as a full disk does.
#[test]
fn a_disk_that_takes_no_more_is_told_and_leaves_the_one_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // 100 blocks of 512 or 1024 bytes: room for 1000 numbers, not for 300 000.
    let mut child = start(folder.path(), "1000 300000", "trap '' XFSZ; ulimit -f 100;");
    let told: Vec<String> = reports(&mut child).take(4).collect();
    child.kill().and_then(|()| child.wait()).expect("killed");
    assert!(told[0] == "saved 1" && told[2] == "saved 3", "{told:?}");
    assert!(told[1].starts_with("failed 2: ") && told[1].contains("0000000002.snapshot"), "{told:?}");
    let kept = newest(folder.path());
    assert!(kept.progress.examples % 2 == 1, "an odd one was small enough");
    assert_eq!(kept, checkpoint(kept.progress.examples, 1000));
}
