//! A character model on disk: its folder, read within bounds and never beyond its walls.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use super::{
    BodyMorpher, CharacterError, CharacterImage, CharacterModel, FaceMorpher, Fault, Problem,
    settings::{FileNames, SETTINGS_FILE},
    shape::ShapeError,
    weights::{WEIGHTS_LIMIT, Weights},
};

/// The greatest size of a `character_model.yaml` in bytes.
const SETTINGS_LIMIT: u64 = 64 << 10;

/// The greatest size of a picture's file in bytes; uncompressed it has one million.
const PICTURE_LIMIT: u64 = 32 << 20;

impl CharacterModel {
    /// Reads a character model: `path` is its folder, or the YAML in it.
    ///
    /// # Errors
    /// [`CharacterError`] with everything that is wrong with the YAML, the picture and both networks.
    pub fn load(path: &Path) -> Result<Self, CharacterError> {
        let mut problems = Vec::new();
        let model = Folder::open(path, &mut problems).and_then(|folder| folder.read(&mut problems));
        model.filter(|_| problems.is_empty()).ok_or_else(|| CharacterError { path: path.to_owned(), problems })
    }
}

/// A folder whose YAML has been read.
struct Folder {
    /// As the user wrote it, for messages.
    path: PathBuf,
    /// Without symbolic links, to compare with.
    real: PathBuf,
    names: FileNames,
}

impl Folder {
    fn open(path: &Path, problems: &mut Vec<Problem>) -> Option<Self> {
        let yaml = if path.is_dir() { path.join(SETTINGS_FILE) } else { path.to_owned() };
        let names = read_file(&yaml, SETTINGS_LIMIT)
            .map_err(|fault| vec![fault])
            .and_then(|bytes| FileNames::parse(&bytes).map_err(|errors| errors.into_iter().map(Fault::from).collect()));
        let names = note(&yaml, names, problems)?;
        let path = match yaml.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let real = path.canonicalize().map_err(|error| vec![Fault::Read(error)]);
        Some(Self { real: note(&path, real, problems)?, path, names })
    }

    fn read(&self, problems: &mut Vec<Problem>) -> Option<CharacterModel> {
        let image = self.part(&self.names.image, PICTURE_LIMIT, problems, CharacterImage::from_png);
        let face = self.network(&self.names.face, problems, FaceMorpher::from_weights);
        let body = self.network(&self.names.body, problems, BodyMorpher::from_weights);
        let name = self.real.file_name().map_or_else(|| "character".into(), |name| name.to_string_lossy());
        Some(CharacterModel { name: name.into_owned(), image: image?, face: face?, body: body? })
    }

    fn network<T>(
        &self,
        name: &str,
        problems: &mut Vec<Problem>,
        build: impl FnOnce(&Weights) -> Result<T, Vec<ShapeError>>,
    ) -> Option<T> {
        self.part(name, WEIGHTS_LIMIT, problems, |bytes| {
            let weights = Weights::read(bytes).map_err(|error| vec![Fault::from(error)])?;
            build(&weights).map_err(|errors| errors.into_iter().map(Fault::from).collect())
        })
    }

    /// Reads one of the three files and parses it.
    fn part<T, E: Into<Fault>>(
        &self,
        name: &str,
        limit: u64,
        problems: &mut Vec<Problem>,
        parse: impl FnOnce(&[u8]) -> Result<T, Vec<E>>,
    ) -> Option<T> {
        let path = self.path.join(name);
        let bytes = self.inside(&path).and_then(|real| read_file(&real, limit)).map_err(|fault| vec![fault]);
        let value =
            bytes.and_then(|bytes| parse(&bytes).map_err(|errors| errors.into_iter().map(Into::into).collect()));
        note(&path, value, problems)
    }

    /// The path without symbolic links, if it is still within the folder.
    fn inside(&self, path: &Path) -> Result<PathBuf, Fault> {
        let real = path.canonicalize().map_err(unreadable)?;
        if real.starts_with(&self.real) { Ok(real) } else { Err(Fault::Outside) }
    }
}

/// Keeps the value, or notes what is wrong with `file`.
fn note<T>(file: &Path, value: Result<T, Vec<Fault>>, problems: &mut Vec<Problem>) -> Option<T> {
    let faults = match value {
        Ok(value) => return Some(value),
        Err(faults) => faults,
    };
    problems.extend(faults.into_iter().map(|fault| Problem { file: file.to_owned(), fault }));
    None
}

/// Reads a regular file of at most `limit` bytes. A pipe or device is not opened: reading it might never end.
fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Fault> {
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(Fault::NotAFile);
    }
    let mut bytes = Vec::new();
    // One byte more than the limit tells a file that is too large from one that just fits, even while it grows.
    File::open(path).map_err(unreadable)?.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit { Err(Fault::TooLarge { limit }) } else { Ok(bytes) }
}

fn unreadable(error: std::io::Error) -> Fault {
    match error.kind() {
        ErrorKind::NotFound => Fault::Missing,
        _ => Fault::Read(error),
    }
}
