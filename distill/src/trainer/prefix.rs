//! The folder that takes everything a training writes (`spec/THA4.md` §9.2, §9.3).

use crate::{
    config::DistillerConfig,
    files::{CONFIG_LIMIT, read},
    snapshot::Store,
};
use bunraku_core::{
    character::{CharacterModel, SaveError},
    files::replace,
};
use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The networks, whose names their folders bear.
pub const STUDENTS: [&str; 2] = ["face_morpher", "body_morpher"];

/// The configuration as the training uses it.
const CONFIG: &str = "config.yaml";

/// The finished character.
const CHARACTER: &str = "character_model";

/// Held open by the one training that writes here.
const LOCK: &str = "training.lock";

/// Why a folder cannot be trained in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PrefixError {
    /// Two trainings would overwrite each other's snapshots.
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
pub struct Prefix {
    path: PathBuf,
}

/// Whoever has it may write into the folder; nobody else may until it is dropped or the process ends.
#[derive(Debug)]
pub struct Claim(#[expect(dead_code, reason = "the lock is held as long as the file is open")] File);

/// What became of the folder's own configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It says the same.
    Same,
    /// There was none.
    Written,
    /// There was another one, but nothing had been trained with it.
    Replaced,
}

impl Prefix {
    /// The folder at `path`.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
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
    /// [`PrefixError`] when another training has it, or it cannot be written into.
    pub fn claim(&self) -> Result<Claim, PrefixError> {
        let file = self.lock_file(true).map_err(|source| self.refused(LOCK, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Claim(file)),
            Err(TryLockError::WouldBlock) => Err(PrefixError::Busy(self.path.clone())),
            Err(TryLockError::Error(source)) => Err(self.refused(LOCK, source)),
        }
    }

    /// Whether a training is running here.
    pub fn is_claimed(&self) -> bool {
        self.lock_file(false).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Keeps the configuration beside what is trained with it. `text` is what is in the file `given`.
    ///
    /// # Errors
    /// [`PrefixError::OtherConfig`] when the training that was begun here had another one.
    pub fn keep_config(&self, given: &Path, config: &DistillerConfig, text: &str) -> Result<Kept, PrefixError> {
        let path = self.path.join(CONFIG);
        let write = |kept| {
            replace(&path, text.as_bytes()).map_err(|source| self.refused(CONFIG, source))?;
            Ok(kept)
        };
        let bytes = match read(&path, CONFIG_LIMIT) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return write(Kept::Written),
            bytes => bytes.map_err(|source| self.refused(CONFIG, source))?,
        };
        let before = std::str::from_utf8(&bytes).ok().and_then(|text| DistillerConfig::parse(text).ok());
        let differing = before.map_or_else(|| vec!["it cannot be read"], |before| before.differing(config));
        match differing {
            same if same.is_empty() => Ok(Kept::Same),
            differing if self.is_begun() => {
                Err(PrefixError::OtherConfig { kept: path, given: given.to_owned(), differing })
            }
            _ => write(Kept::Replaced),
        }
    }

    /// Writes the finished character, which `bunraku` and the original's programs open: its picture as it was given.
    ///
    /// # Errors
    /// [`SaveError`] when a file cannot be written.
    pub fn save_character(&self, model: &CharacterModel, picture: &[u8]) -> Result<PathBuf, SaveError> {
        let folder = self.character();
        model.save_torch(&folder)?;
        let path = folder.join("character.png");
        let written = replace(&path, picture);
        written.map_err(|source| SaveError::Write { path: path.display().to_string(), source })?;
        Ok(folder)
    }

    /// Whether there is anything to go on from.
    fn is_begun(&self) -> bool {
        STUDENTS.iter().any(|name| {
            let newest = Store::new(&self.student(name)).newest();
            newest.snapshot.is_some() || !newest.damaged.is_empty()
        })
    }

    fn lock_file(&self, create: bool) -> io::Result<File> {
        File::options().read(true).write(create).create(create).truncate(false).open(self.path.join(LOCK))
    }

    fn refused(&self, name: &str, source: io::Error) -> PrefixError {
        PrefixError::File { path: self.path.join(name), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Progress, Snapshot};
    use std::{collections::BTreeMap, fs};

    const TEXT: &str = "prefix: out\ncharacter_image_file_name: a.png\nface_mask_image_file_name: m.png\n";

    fn keep(prefix: &Prefix, text: &str) -> Result<Kept, PrefixError> {
        prefix.keep_config(Path::new("given.yaml"), &DistillerConfig::parse(text).expect("a configuration"), text)
    }

    #[test]
    fn a_folder_is_trained_in_once_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let prefix = Prefix::new(folder.path());
        assert!(!prefix.is_claimed());
        let claim = prefix.claim().expect("free");
        assert!(prefix.is_claimed() && matches!(prefix.claim(), Err(PrefixError::Busy(_))));
        drop(claim);
        assert!(!prefix.is_claimed() && prefix.claim().is_ok());
    }

    /// The reference goes on silently with the configuration that it finds (`spec/THA4.md` §9.2).
    #[test]
    fn another_configuration_never_wins_silently() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let prefix = Prefix::new(folder.path());
        let other = format!("{TEXT}num_cpu_workers: 3\nface_morpher_batch_size: 4\n");
        assert_eq!(keep(&prefix, TEXT).expect("written"), Kept::Written);
        assert_eq!(keep(&prefix, &format!("# the same\n{TEXT}num_gpus: 1\n")).expect("same"), Kept::Same);
        assert_eq!(keep(&prefix, &other).expect("nothing is lost"), Kept::Replaced);
        assert_eq!(fs::read_to_string(folder.path().join("config.yaml")).expect("there"), other);
        let snapshot = Snapshot { progress: Progress::new(BTreeMap::new()), tensors: BTreeMap::new() };
        Store::new(&prefix.student("face_morpher")).save(&snapshot).expect("saved");
        let error = keep(&prefix, TEXT).expect_err("refused").to_string();
        assert!(error.contains("face_morpher_batch_size, num_cpu_workers"), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("config.yaml")).expect("there"), other);
    }
}
