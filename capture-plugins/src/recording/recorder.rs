//! Writes a recording under a temporary name and renames it when it is complete.

use bunraku_core::sample::FaceSample;
use flate2::{Compression, write::GzEncoder};
use std::{
    ffi::OsString,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Flush after this many samples, about a second, so that a crash loses no more.
const FLUSH_EVERY: u64 = 60;

/// Why a recording cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// An unfinished recording of this name exists.
    #[error("an unfinished recording exists at {}: rename it to keep it (it can be replayed), or remove it", .0.display())]
    PartExists(PathBuf),
    /// The path is a folder.
    #[error("{} is a folder: give a file name in it, such as {}", .0.display(), .0.join("take.jsonl.gz").display())]
    Folder(PathBuf),
    /// The recording is complete, but could not be renamed.
    #[error("the recording is complete but could not be renamed to {}: {error}; it is at {}", path.display(), part.display())]
    Name {
        /// Its intended path.
        path: PathBuf,
        /// Its present path.
        part: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file cannot be created or written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A recording being written.
///
/// It is written to `NAME.part` and renamed on [`finish`](Self::finish), replacing any earlier file. If it is never
/// finished, the `.part` stays and can be read.
#[derive(Debug)]
pub struct Recorder {
    path: PathBuf,
    part: PathBuf,
    out: Out,
    count: u64,
}

#[derive(Debug)]
enum Out {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
}

impl Out {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(out) => out,
            Self::Gzip(out) => out,
        }
    }

    fn finish(self) -> io::Result<()> {
        let file = match self {
            Self::Plain(out) => out.into_inner().map_err(io::IntoInnerError::into_error)?,
            Self::Gzip(out) => out.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?,
        };
        file.sync_all()
    }
}

impl Recorder {
    /// Starts a recording that will be at `path`.
    ///
    /// # Errors
    /// The file cannot be created, `path` is a folder, or an unfinished recording of this name exists.
    pub fn create(path: &Path) -> Result<Self, RecordError> {
        if path.is_dir() {
            return Err(RecordError::Folder(path.to_owned()));
        }
        let mut part = OsString::from(path);
        part.push(".part");
        let part = PathBuf::from(part);
        let file = match File::create_new(&part) {
            Ok(file) => BufWriter::new(file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(RecordError::PartExists(part)),
            Err(error) => return Err(RecordError::Write { path: part, error }),
        };
        let gzip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let out = if gzip { Out::Gzip(GzEncoder::new(file, Compression::fast())) } else { Out::Plain(file) };
        Ok(Self { path: path.to_owned(), part, out, count: 0 })
    }

    /// Appends a sample.
    ///
    /// # Errors
    /// The file cannot be written, for example because the disk is full.
    pub fn write(&mut self, sample: &FaceSample) -> Result<(), RecordError> {
        self.count += 1;
        self.append(sample).map_err(|error| RecordError::Write { path: self.part.clone(), error })
    }

    fn append(&mut self, sample: &FaceSample) -> io::Result<()> {
        let out = self.out.writer();
        serde_json::to_writer(&mut *out, &sample.to_update())?;
        out.write_all(b"\n")?;
        if self.count.is_multiple_of(FLUSH_EVERY) {
            out.flush()?;
        }
        Ok(())
    }

    /// Samples written so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Abandons the recording and removes its file.
    ///
    /// # Errors
    /// The `.part` cannot be removed.
    pub fn discard(self) -> Result<(), RecordError> {
        let Self { part, out, .. } = self;
        // Close the file first: some systems cannot remove an open one. Losing buffered samples does not matter.
        out.finish().ok();
        std::fs::remove_file(&part).map_err(|error| RecordError::Write { path: part, error })
    }

    /// Completes the recording and renames it; returns the number of samples.
    ///
    /// # Errors
    /// Writing or renaming failed; the samples written so far stay in the `.part`.
    pub fn finish(self) -> Result<u64, RecordError> {
        let Self { path, part, out, count } = self;
        out.finish().map_err(|error| RecordError::Write { path: part.clone(), error })?;
        std::fs::rename(&part, &path).map_err(|error| RecordError::Name { path, part, error })?;
        Ok(count)
    }
}
