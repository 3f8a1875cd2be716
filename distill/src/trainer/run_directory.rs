//! The folder that takes everything a training writes (`distill/spec/distiller.md`).

use crate::{
    checkpoint::CheckpointStore,
    config::{DistillerConfig, PREFIX},
    files::{CONFIG_LIMIT, is_absent, read, remove_litter},
    report::sample_path,
};
use bunraku_core::{
    character::{CharacterModel, SaveError},
    files::replace,
};
use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use thiserror::Error;

/// The networks, whose names their folders bear.
pub const STUDENTS: [&str; 2] = ["face_morpher", "body_morpher"];

/// The configuration as the training uses it, in its folder.
pub const CONFIG: &str = "config.yaml";

/// The finished character.
const CHARACTER: &str = "character_model";

/// Held open by the one training that writes here.
const LOCK: &str = "training.lock";

/// Said in place of the fields that differ.
const UNREADABLE: &str = "it cannot be read";

/// How often the folder is claimed before it counts as somebody else's, and how long lies between two attempts.
const LOCK_ATTEMPTS: u32 = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why a folder cannot be trained in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunDirectoryError {
    /// Two trainings would overwrite each other's checkpoints.
    #[error("another training is running in {}", .0.display())]
    Busy(PathBuf),
    /// The training that was begun here is of another configuration.
    #[error("{} is of another training than {}: {}", kept.display(), given.display(), differing.join(", "))]
    OtherConfig {
        /// The configuration in the folder.
        kept: PathBuf,
        /// The configuration to train with.
        given: PathBuf,
        /// The fields in which they differ.
        differing: Vec<&'static str>,
    },
    /// The file system refuses.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The output folder of one configuration.
#[derive(Clone, Debug)]
pub struct RunDirectory {
    path: PathBuf,
}

/// Whoever has it may write into the folder; nobody else may until it is dropped or the process ends.
#[derive(Debug)]
pub struct RunLock(#[expect(dead_code, reason = "the lock is held as long as the file is open")] File);

/// What became of the folder's own configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavedConfig {
    /// It says the same.
    Same,
    /// There was none.
    Written,
    /// There was another one, but nothing had been trained with it.
    Replaced,
    /// It says otherwise. A training knows what it is made of, files and recipe by their content, and refuses another
    /// itself; where it trains, and how often it draws samples, makes no other training. Once it has gone on,
    /// [`RunDirectory::replace_config`] keeps what is so now.
    Changed,
}

impl RunDirectory {
    /// The folder at `path`.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Where the configuration is, as the training uses it.
    pub fn config(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// Removes what trainings that were killed while writing left: files that were never renamed.
    pub fn clean(&self, _claim: &RunLock) {
        remove_litter(&self.path);
        remove_litter(&self.character());
        for folder in STUDENTS.map(|name| self.student(name)) {
            remove_litter(&folder);
            sample_path(&folder, 0).parent().into_iter().for_each(remove_litter);
            CheckpointStore::new(&folder).clean();
        }
    }

    /// Where the finished character is.
    pub fn character(&self) -> PathBuf {
        self.path.join(CHARACTER)
    }

    /// The folder of one of the [`STUDENTS`].
    pub fn student(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reserves the folder for this process.
    ///
    /// # Errors
    /// [`RunDirectoryError`] when another training has it, or it cannot be written into.
    pub fn lock(&self) -> Result<RunLock, RunDirectoryError> {
        let file = self.lock_file(true).map_err(|source| self.refused(LOCK, source))?;
        for attempt in 1.. {
            match file.try_lock() {
                Ok(()) => return Ok(RunLock(file)),
                // Who only asks whether it is claimed has the lock for an instant; a training keeps it.
                Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS => thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(source)) => return Err(self.refused(LOCK, source)),
            }
        }
        Err(RunDirectoryError::Busy(self.path.clone()))
    }

    /// Whether a training is running here.
    pub fn is_locked(&self) -> bool {
        // Shared, so that those who ask at the same time do not take each other for a training.
        self.lock_file(false).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Keeps the configuration beside what is trained with it. `text` is what is in the file `given`.
    ///
    /// # Errors
    /// [`RunDirectoryError::OtherConfig`] when the training that was begun here belongs to another folder, or its configuration
    /// cannot be read.
    pub fn keep_config(
        &self,
        given: &Path,
        config: &DistillerConfig,
        text: &str,
    ) -> Result<SavedConfig, RunDirectoryError> {
        let path = self.config();
        let write = |kept| self.replace_config(text).map(|()| kept);
        let bytes = match read(&path, CONFIG_LIMIT) {
            Err(error) if is_absent(&error) => return write(SavedConfig::Written),
            bytes => bytes.map_err(|error| self.refused(CONFIG, io::Error::other(error)))?,
        };
        let before = std::str::from_utf8(&bytes).ok().and_then(|text| DistillerConfig::parse(text).ok());
        let differing = before.map_or_else(|| vec![UNREADABLE], |before| before.differing(config));
        match differing {
            same if same.is_empty() => Ok(SavedConfig::Same),
            _ if !self.is_begun() => write(SavedConfig::Replaced),
            elsewhere if elsewhere.iter().any(|field| [PREFIX, UNREADABLE].contains(field)) => {
                Err(RunDirectoryError::OtherConfig { kept: path, given: given.to_owned(), differing: elsewhere })
            }
            _ => Ok(SavedConfig::Changed),
        }
    }

    /// Keeps this text as the configuration, whatever was there.
    ///
    /// # Errors
    /// [`RunDirectoryError::File`].
    pub fn replace_config(&self, text: &str) -> Result<(), RunDirectoryError> {
        replace(&self.config(), text.as_bytes()).map_err(|source| self.refused(CONFIG, source))
    }

    /// Writes the finished character, which `bunraku` opens: its picture as it was given, and its networks as `.pt` where
    /// they have the `published` shape, so that the original's programs open it too, else as `.safetensors`.
    ///
    /// # Errors
    /// [`SaveError`] when a file cannot be written.
    pub fn save_character(
        &self,
        model: &CharacterModel,
        picture: &[u8],
        published: bool,
    ) -> Result<PathBuf, SaveError> {
        let folder = self.character();
        if published {
            model.save_torch(&folder)?;
        } else {
            model.save(&folder)?;
        }
        let path = folder.join("character.png");
        let written = replace(&path, picture);
        written.map_err(|source| SaveError::Write { path: path.display().to_string(), source })?;
        Ok(folder)
    }

    /// Whether there is anything to go on from.
    fn is_begun(&self) -> bool {
        STUDENTS.iter().any(|name| {
            let newest = CheckpointStore::new(&self.student(name)).newest();
            newest.checkpoint.is_some() || !newest.damaged.is_empty()
        })
    }

    fn lock_file(&self, create: bool) -> io::Result<File> {
        File::options().read(true).write(create).create(create).truncate(false).open(self.path.join(LOCK))
    }

    fn refused(&self, name: &str, source: io::Error) -> RunDirectoryError {
        RunDirectoryError::File { path: self.path.join(name), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Checkpoint, Progress};
    use bunraku_core::character::sample::tiny_character;
    use std::{collections::BTreeMap, fs};

    const TEXT: &str = "prefix: out\ncharacter_image_file_name: a.png\nface_mask_image_file_name: m.png\n";

    fn keep(prefix: &RunDirectory, text: &str) -> Result<SavedConfig, RunDirectoryError> {
        prefix.keep_config(Path::new("given.yaml"), &DistillerConfig::parse(text).expect("a configuration"), text)
    }

    #[test]
    fn a_folder_is_trained_in_once_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let prefix = RunDirectory::new(folder.path());
        assert!(!prefix.is_locked());
        let claim = prefix.lock().expect("free");
        assert!(prefix.is_locked() && matches!(prefix.lock(), Err(RunDirectoryError::Busy(_))));
        drop(claim);
        assert!(!prefix.is_locked() && prefix.lock().is_ok());
    }

    #[test]
    fn who_asks_whether_a_training_runs_is_not_taken_for_one_and_keeps_none_from_beginning() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let prefix = RunDirectory::new(folder.path());
        drop(prefix.lock().expect("free"));
        let asking = prefix.lock_file(false).expect("there");
        asking.try_lock_shared().expect("nobody has it");
        assert!(!prefix.is_locked(), "somebody else asks as well");
        let claim = thread::scope(|scope| {
            let claim = scope.spawn(|| prefix.lock());
            drop(asking);
            claim.join().expect("no panic")
        });
        assert!(claim.is_ok() && prefix.is_locked());
    }

    #[test]
    fn what_kill_9_left_is_cleaned_away_everywhere() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let prefix = RunDirectory::new(folder.path());
        let folders = ["", "character_model", "face_morpher/checkpoint/0001", "body_morpher/sample_outputs"];
        let litter = folders.map(|inner| folder.path().join(inner).join(".tmpA1b2C3"));
        for file in &litter {
            fs::create_dir_all(file.parent().expect("a folder")).and_then(|()| fs::write(file, "half")).expect("made");
        }
        prefix.clean(&prefix.lock().expect("free"));
        assert!(litter.iter().all(|file| !file.exists()));
    }

    #[test]
    fn the_original_gets_what_it_can_open() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (published, name) in [(true, "body_morpher.pt"), (false, "body_morpher.safetensors")] {
            let prefix = RunDirectory::new(&folder.path().join(name));
            let saved = prefix.save_character(&tiny_character(1), b"a picture", published).expect("saved");
            assert!(saved.join(name).is_file() && saved.join("character_model.yaml").is_file());
            assert_eq!(fs::read(saved.join("character.png")).expect("there"), b"a picture");
        }
    }

    /// The reference goes on silently with the configuration that it finds (`distill/spec/distiller.md`).
    #[test]
    fn another_configuration_never_wins_silently() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let prefix = RunDirectory::new(folder.path());
        let other = format!("{TEXT}num_cpu_workers: 3\nface_morpher_batch_size: 4\n");
        assert_eq!(keep(&prefix, TEXT).expect("written"), SavedConfig::Written);
        assert_eq!(keep(&prefix, &format!("# the same\n{TEXT}num_gpus: 1\n")).expect("same"), SavedConfig::Same);
        assert_eq!(keep(&prefix, &other).expect("nothing is lost"), SavedConfig::Replaced);
        assert_eq!(fs::read_to_string(folder.path().join("config.yaml")).expect("there"), other);
        let checkpoint = Checkpoint { progress: Progress::new(BTreeMap::new()), tensors: BTreeMap::new() };
        CheckpointStore::new(&prefix.student("face_morpher")).save(&checkpoint).expect("saved");
        let error = keep(&prefix, &other.replace("prefix: out", "prefix: in")).expect_err("refused").to_string();
        assert!(error.ends_with(": prefix"), "{error}");
        let moved = format!("{other}teacher: elsewhere\nbackend: cpu\nrecipe: mine.yaml\n");
        assert_eq!(keep(&prefix, &moved).expect("it may be the same training"), SavedConfig::Changed);
        assert_eq!(fs::read_to_string(folder.path().join("config.yaml")).expect("there"), other);
        fs::write(folder.path().join("config.yaml"), "torn").expect("written");
        assert!(keep(&prefix, TEXT).expect_err("refused").to_string().ends_with(UNREADABLE));
    }
}
