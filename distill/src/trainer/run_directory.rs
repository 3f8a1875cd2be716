//! The run directory: the folder for everything a training writes (`distill/spec/distiller.md`).

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

/// The networks, and the names of their folders.
pub const STUDENTS: [&str; 2] = ["face_morpher", "body_morpher"];

/// The run directory's own copy of the configuration.
pub const CONFIG: &str = "config.yaml";

/// The folder of the finished character.
const CHARACTER: &str = "character_model";

/// The lock file of the training that writes here.
const LOCK: &str = "training.lock";

/// Reported in place of the fields that differ.
const UNREADABLE: &str = "it cannot be read";

/// The attempts to take the lock, and the pause between them.
const LOCK_ATTEMPTS: u32 = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why a run directory cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunDirectoryError {
    /// Another training is running there; the two would overwrite each other's checkpoints.
    #[error("another training is running in {}", .0.display())]
    Busy(PathBuf),
    /// The training in it belongs to another configuration.
    #[error("{} belongs to another training than {}: {}", kept.display(), given.display(), differing.join(", "))]
    OtherConfig {
        /// The configuration in the run directory.
        kept: PathBuf,
        /// The configuration to train with.
        given: PathBuf,
        /// The fields in which they differ.
        differing: Vec<&'static str>,
    },
    /// An I/O error.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The run directory of one configuration.
#[derive(Clone, Debug)]
pub struct RunDirectory {
    path: PathBuf,
}

/// The exclusive lock on a run directory, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct RunLock(#[expect(dead_code, reason = "the lock is held as long as the file is open")] File);

/// What happened to the run directory's copy of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavedConfig {
    /// It is the same.
    Same,
    /// There was none; it was written.
    Written,
    /// There was another one, but training had not started; it was replaced.
    Replaced,
    /// It differs. The fingerprint in the checkpoints tells whether the training is another one; the backend, say, or
    /// the sample interval do not matter to it. Once training has resumed, [`RunDirectory::replace_config`] updates the
    /// copy.
    Changed,
}

impl RunDirectory {
    /// The run directory at `path`.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The path of the configuration's copy.
    pub fn config(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// Removes the temporary files of trainings that were killed while writing.
    pub fn clean(&self, _claim: &RunLock) {
        remove_litter(&self.path);
        remove_litter(&self.character());
        for folder in STUDENTS.map(|name| self.student(name)) {
            remove_litter(&folder);
            sample_path(&folder, 0).parent().into_iter().for_each(remove_litter);
            CheckpointStore::new(&folder).clean();
        }
    }

    /// The folder of the finished character.
    pub fn character(&self) -> PathBuf {
        self.path.join(CHARACTER)
    }

    /// The folder of one of the [`STUDENTS`].
    pub fn student(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Locks the run directory for this process.
    ///
    /// # Errors
    /// [`RunDirectoryError`] if another training holds the lock, or the folder is not writable.
    pub fn lock(&self) -> Result<RunLock, RunDirectoryError> {
        let file = self.lock_file(true).map_err(|source| self.refused(LOCK, source))?;
        for attempt in 1.. {
            match file.try_lock() {
                Ok(()) => return Ok(RunLock(file)),
                // `is_locked` holds the lock for an instant; a training keeps it.
                Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS => thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(source)) => return Err(self.refused(LOCK, source)),
            }
        }
        Err(RunDirectoryError::Busy(self.path.clone()))
    }

    /// Whether a training is running here.
    pub fn is_locked(&self) -> bool {
        // A shared lock: two processes asking at once do not take each other for a training.
        self.lock_file(false).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Saves a copy of the configuration beside the students. `text` is the content of the file `given`.
    ///
    /// # Errors
    /// [`RunDirectoryError::OtherConfig`] if the training in it belongs to another folder, or its configuration cannot
    /// be read.
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

    /// Replaces the copy of the configuration.
    ///
    /// # Errors
    /// [`RunDirectoryError::File`].
    pub fn replace_config(&self, text: &str) -> Result<(), RunDirectoryError> {
        replace(&self.config(), text.as_bytes()).map_err(|source| self.refused(CONFIG, source))
    }

    /// Writes the finished character for `bunraku`: the picture unchanged, and the networks as `.pt` if they have the
    /// `published` shape, for the original's programs, else as `.safetensors`.
    ///
    /// # Errors
    /// [`SaveError`].
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

    /// Whether training has started.
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
mod tests;
