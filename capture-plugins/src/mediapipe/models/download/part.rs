//! A partial download on disk.

use super::{DownloadError, LIMIT};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// A partial download, locked against other processes.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    pub(super) len: u64,
}

impl Part {
    pub(super) fn open(path: &Path) -> Result<Self, DownloadError> {
        let fault = |source| DownloadError::Write { part: path.to_owned(), source };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(fault)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(DownloadError::Busy { part: path.to_owned() }),
            // Some network file systems cannot lock; carry on without.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let len = file.metadata().map_err(fault)?.len();
        let mut part = Self { path: path.to_owned(), file, len };
        if len > LIMIT {
            part.cut(0)?;
        }
        Ok(part)
    }

    pub(super) fn read(&mut self) -> Result<Vec<u8>, DownloadError> {
        let mut bytes = Vec::new();
        let done = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.read_to_end(&mut bytes));
        done.map(|_| bytes).map_err(|error| self.fault(error))
    }

    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        let done = self.file.seek(SeekFrom::Start(self.len)).and_then(|_| self.file.write_all(bytes));
        done.map_err(|error| self.fault(error))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn cut(&mut self, len: u64) -> Result<(), DownloadError> {
        self.file.set_len(len).map_err(|error| self.fault(error))?;
        self.len = len;
        Ok(())
    }

    fn fault(&self, source: io::Error) -> DownloadError {
        DownloadError::Write { part: self.path.clone(), source }
    }
}
