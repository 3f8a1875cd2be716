//! Reads and writes a student's checkpoints: rolling ones to resume from, and permanent ones.

use super::{Checkpoint, CheckpointError};
use crate::files::remove_litter;
use bunraku_core::files::{self, ReadError};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The number of rolling checkpoints kept: the newest, and one more in case it is damaged.
const KEPT: usize = 2;

/// The largest checkpoint in bytes; a standard body morpher's has 4 MB.
const LIMIT: u64 = 1 << 30;

/// The file extension of a checkpoint.
const EXTENSION: &str = "snapshot";

/// The folder of the permanent checkpoints.
const CHECKPOINTS: &str = "checkpoint";

/// The name of a permanent checkpoint's file.
const STATE: &str = "state.snapshot";

/// The file with a permanent checkpoint's examples, for the original's programs. It has no hash, so the checkpoint's
/// own number takes precedence.
const SEEN: &str = "examples_seen_so_far.txt";

/// One student's checkpoints: rolling ones in `snapshot/`, permanent ones in `checkpoint/` of its folder
/// (`distill/spec/distiller.md`).
#[derive(Clone, Debug)]
pub struct CheckpointStore {
    folder: PathBuf,
}

/// The newest intact checkpoint, and newer ones that are damaged.
#[derive(Debug, Default)]
pub struct Newest {
    /// The checkpoint and its file; `None` if the training has not started.
    pub checkpoint: Option<(PathBuf, Checkpoint)>,
    /// Newer ones that cannot be used, newest first.
    pub damaged: Vec<Damaged>,
}

/// A checkpoint that cannot be used.
#[derive(Debug)]
pub struct Damaged {
    /// Its file.
    pub path: PathBuf,
    /// Why.
    pub why: CheckpointError,
}

impl Damaged {
    /// Whether it no longer exists.
    fn is_gone(&self) -> bool {
        matches!(&self.why, CheckpointError::File { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl CheckpointStore {
    /// The checkpoints in a student's folder. Writes nothing.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Writes a rolling checkpoint, and removes all older ones but one. On failure the existing ones stay.
    ///
    /// Rolling checkpoints with more examples are removed as well: training resumed from an older one because they were
    /// damaged, and they would hide the new ones.
    ///
    /// # Errors
    /// [`CheckpointError`], such as for a full disk.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        checkpoint.ensure_finite()?;
        let folder = self.rolling();
        write(&folder, &format!("{:010}.{EXTENSION}", checkpoint.progress.examples), &checkpoint.to_bytes()?)?;
        let (kept, damaged): (Vec<_>, Vec<_>) =
            listed(&folder).into_iter().rev().partition(|(examples, _)| *examples <= checkpoint.progress.examples);
        for (_, old) in kept.into_iter().skip(KEPT).chain(damaged) {
            // What cannot be removed only takes space.
            let _ = fs::remove_file(old);
        }
        Ok(())
    }

    /// Writes the permanent checkpoint with this number, and the network for the original's programs (`pt`).
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn save_permanent(&self, number: u64, checkpoint: &Checkpoint, pt: &[u8]) -> Result<(), CheckpointError> {
        checkpoint.ensure_finite()?;
        let folder = self.folder.join(CHECKPOINTS).join(format!("{number:04}"));
        write(&folder, "module_module.pt", pt)?;
        write(&folder, SEEN, format!("{}\n", checkpoint.progress.examples).as_bytes())?;
        write(&folder, STATE, &checkpoint.to_bytes()?)
    }

    /// The newest intact checkpoint of either kind. Reads all permanent ones, because only their content is hashed.
    pub fn newest(&self) -> Newest {
        let found = self.look();
        // A running training may remove old ones between listing and reading; then there are newer ones.
        if !found.damaged.iter().any(Damaged::is_gone) {
            return found;
        }
        let Newest { checkpoint, mut damaged } = self.look();
        damaged.retain(|damaged| !damaged.is_gone());
        Newest { checkpoint, damaged }
    }

    fn look(&self) -> Newest {
        let mut all = listed(&self.rolling());
        all.extend(self.permanent());
        all.sort();
        let mut newest = Newest::default();
        for (_, path) in all.into_iter().rev() {
            match read(&path) {
                Ok(checkpoint) => {
                    newest.checkpoint = Some((path, checkpoint));
                    break;
                }
                Err(why) => newest.damaged.push(Damaged { path, why }),
            }
        }
        newest
    }

    /// Removes the temporary files of a training that was killed while writing.
    pub fn clean(&self) {
        remove_litter(&self.rolling());
        for folder in entries(&self.folder.join(CHECKPOINTS)) {
            remove_litter(&folder);
        }
    }

    fn rolling(&self) -> PathBuf {
        self.folder.join("snapshot")
    }

    fn permanent(&self) -> Vec<(u64, PathBuf)> {
        let state = |folder: PathBuf| {
            let path = folder.join(STATE);
            path.is_file().then(|| {
                // A damaged one of unknown age may be the newest.
                let examples = read(&path).map(|checkpoint| checkpoint.progress.examples);
                (examples.unwrap_or_else(|_| seen(&folder).unwrap_or(u64::MAX)), path)
            })
        };
        entries(&self.folder.join(CHECKPOINTS)).into_iter().filter_map(state).collect()
    }
}

/// The examples of a permanent checkpoint, from its text file.
fn seen(folder: &Path) -> Option<u64> {
    /// The length of the largest number with its line end, in bytes.
    const LONGEST: u64 = 24;
    let bytes = files::read(&folder.join(SEEN), LONGEST).ok()?;
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

/// The rolling checkpoints in a folder by the examples in their names, the newest last.
fn listed(folder: &Path) -> Vec<(u64, PathBuf)> {
    let examples = |path: PathBuf| {
        let number = path.file_stem()?.to_str()?.parse().ok()?;
        (path.extension()? == EXTENSION).then_some((number, path))
    };
    let mut all: Vec<(u64, PathBuf)> = entries(folder).into_iter().filter_map(examples).collect();
    all.sort();
    all
}

/// The entries of a folder; none if it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Writes a file atomically and waits for the disk.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), CheckpointError> {
    let path = folder.join(name);
    let written = fs::create_dir_all(folder).and_then(|()| files::replace(&path, bytes)).and_then(|()| sync(folder));
    written.map_err(|source| CheckpointError::File { path, source })
}

/// Waits until the folder's new names are on disk.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Other systems cannot open folders, and need no sync after a rename.
#[cfg(not(unix))]
fn sync(_folder: &Path) -> io::Result<()> {
    Ok(())
}

fn read(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let refused = |why| match why {
        ReadError::Io(source) => source,
        why => io::Error::other(why),
    };
    let bytes = files::read(path, LIMIT).map_err(refused);
    Checkpoint::read(&bytes.map_err(|source| CheckpointError::File { path: path.to_owned(), source })?)
}

#[cfg(test)]
mod tests;
