//! A character model's folder, on disk or in memory, read within size limits and never outside the folder.

use std::{
    borrow::Cow,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::files::{self, ReadError};

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
        let model = OnDisk::open(path, &mut problems).and_then(|folder| read(&folder, &mut problems));
        finish(path, model, problems)
    }

    /// Reads a character model from a folder in memory: the names and bytes of its files, its `character_model.yaml`
    /// among them. `name` is the model's, and stands for the folder's path in errors.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_files(name: &str, files: &[(&str, &[u8])]) -> Result<Self, CharacterError> {
        let mut problems = Vec::new();
        let model = read(&InMemory { name, files }, &mut problems);
        finish(Path::new(name), model, problems)
    }
}

fn finish(
    path: &Path,
    model: Option<CharacterModel>,
    problems: Vec<Problem>,
) -> Result<CharacterModel, CharacterError> {
    model.filter(|_| problems.is_empty()).ok_or_else(|| CharacterError { path: path.to_owned(), problems })
}

/// Where a character model's files are.
trait Folder {
    /// The model's name.
    fn name(&self) -> String;

    /// The path of the YAML.
    fn settings(&self) -> PathBuf;

    /// The path of a file that the YAML names, for messages.
    fn path(&self, name: &str) -> PathBuf;

    /// The bytes of the YAML.
    fn read_settings(&self) -> Result<Cow<'_, [u8]>, Fault>;

    /// The bytes of a file that the YAML names.
    fn read(&self, name: &str, limit: u64) -> Result<Cow<'_, [u8]>, Fault>;
}

/// A folder of the file system.
struct OnDisk {
    yaml: PathBuf,
    /// As the user wrote it, for messages.
    path: PathBuf,
    /// Without symbolic links, to compare with.
    real: PathBuf,
}

impl OnDisk {
    fn open(path: &Path, problems: &mut Vec<Problem>) -> Option<Self> {
        let yaml = if path.is_dir() { path.join(SETTINGS_FILE) } else { path.to_owned() };
        if let Err(error) = yaml.metadata() {
            return note(&yaml, Err(vec![unreadable(error)]), problems);
        }
        let path = match yaml.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let real = path.canonicalize().map_err(|error| vec![Fault::Read(error)]);
        Some(Self { real: note(&path, real, problems)?, path, yaml })
    }

    /// The path without symbolic links, if it is still within the folder.
    fn inside(&self, path: &Path) -> Result<PathBuf, Fault> {
        let real = path.canonicalize().map_err(unreadable)?;
        if real.starts_with(&self.real) { Ok(real) } else { Err(Fault::Outside) }
    }
}

impl Folder for OnDisk {
    fn name(&self) -> String {
        self.real.file_name().map_or_else(|| "character".into(), |name| name.to_string_lossy()).into_owned()
    }

    fn settings(&self) -> PathBuf {
        self.yaml.clone()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn read_settings(&self) -> Result<Cow<'_, [u8]>, Fault> {
        read_file(&self.yaml, SETTINGS_LIMIT).map(Cow::Owned)
    }

    fn read(&self, name: &str, limit: u64) -> Result<Cow<'_, [u8]>, Fault> {
        let real = self.inside(&self.path(name))?;
        read_file(&real, limit).map(Cow::Owned)
    }
}

/// Files that a program carries in itself.
struct InMemory<'a> {
    name: &'a str,
    files: &'a [(&'a str, &'a [u8])],
}

impl Folder for InMemory<'_> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn settings(&self) -> PathBuf {
        self.path(SETTINGS_FILE)
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.name).join(name)
    }

    fn read_settings(&self) -> Result<Cow<'_, [u8]>, Fault> {
        self.read(SETTINGS_FILE, SETTINGS_LIMIT)
    }

    fn read(&self, name: &str, limit: u64) -> Result<Cow<'_, [u8]>, Fault> {
        let (_, bytes) = self.files.iter().find(|(file, _)| *file == name).ok_or(Fault::Missing)?;
        if bytes.len() as u64 > limit { Err(Fault::TooLarge { limit }) } else { Ok(Cow::Borrowed(bytes)) }
    }
}

/// Reads the YAML, the picture and both networks; errors go to `problems`.
fn read(folder: &impl Folder, problems: &mut Vec<Problem>) -> Option<CharacterModel> {
    let names = folder
        .read_settings()
        .map_err(|fault| vec![fault])
        .and_then(|bytes| FileNames::parse(&bytes).map_err(|errors| errors.into_iter().map(Fault::from).collect()));
    let names = note(&folder.settings(), names, problems)?;
    let image = part(folder, &names.image, PICTURE_LIMIT, problems, CharacterImage::from_png);
    let face = network(folder, &names.face, problems, FaceMorpher::from_weights);
    let body = network(folder, &names.body, problems, BodyMorpher::from_weights);
    Some(CharacterModel { name: folder.name(), image: image?, face: face?, body: body? })
}

fn network<T>(
    folder: &impl Folder,
    name: &str,
    problems: &mut Vec<Problem>,
    build: impl FnOnce(&Weights) -> Result<T, Vec<ShapeError>>,
) -> Option<T> {
    part(folder, name, WEIGHTS_LIMIT, problems, |bytes| {
        let weights = Weights::parse(bytes, WEIGHTS_LIMIT).map_err(|error| vec![Fault::from(error)])?;
        let mut faults: Vec<Fault> = weights.not_finite().map(Fault::from).collect();
        match build(&weights) {
            Ok(network) if faults.is_empty() => return Ok(network),
            Ok(_) => {}
            Err(errors) => faults.extend(errors.into_iter().map(Fault::from)),
        }
        Err(faults)
    })
}

/// Reads one of the three files and parses it.
fn part<T, E: Into<Fault>>(
    folder: &impl Folder,
    name: &str,
    limit: u64,
    problems: &mut Vec<Problem>,
    parse: impl FnOnce(&[u8]) -> Result<T, Vec<E>>,
) -> Option<T> {
    let bytes = folder.read(name, limit).map_err(|fault| vec![fault]);
    let value = bytes.and_then(|bytes| parse(&bytes).map_err(|errors| errors.into_iter().map(Into::into).collect()));
    note(&folder.path(name), value, problems)
}

/// Keeps the value, or records what is wrong with `file`.
fn note<T>(file: &Path, value: Result<T, Vec<Fault>>, problems: &mut Vec<Problem>) -> Option<T> {
    let faults = match value {
        Ok(value) => return Some(value),
        Err(faults) => faults,
    };
    problems.extend(faults.into_iter().map(|fault| Problem { file: file.to_owned(), fault }));
    None
}

/// Reads one of its files.
fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Fault> {
    files::read(path, limit).map_err(|error| match error {
        ReadError::NotAFile => Fault::NotAFile,
        ReadError::TooLarge { limit } => Fault::TooLarge { limit },
        ReadError::Io(error) => unreadable(error),
    })
}

fn unreadable(error: std::io::Error) -> Fault {
    match error.kind() {
        ErrorKind::NotFound => Fault::Missing,
        _ => Fault::Read(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::character::sample::tiny_character;

    /// A folder with a good character, its name, and the character.
    fn saved() -> (tempfile::TempDir, CharacterModel) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut model = tiny_character(3);
        model.save(folder.path()).expect("saved");
        model.name = folder.path().file_name().expect("a name").to_string_lossy().into_owned();
        (folder, model)
    }

    fn refusal(path: &Path) -> (usize, String) {
        let error = CharacterModel::load(path).expect_err("refused");
        (error.problems.len(), error.to_string())
    }

    #[test]
    fn a_saved_character_loads_bit_for_bit() {
        let (folder, model) = saved();
        assert_eq!(CharacterModel::load(folder.path()).expect("loads"), model);
        assert_eq!(CharacterModel::load(&folder.path().join(SETTINGS_FILE)).expect("loads"), model);
        model.save_torch(folder.path()).expect("saved again");
        assert_eq!(CharacterModel::load(folder.path()).expect("loads"), model);
    }

    #[test]
    fn a_folder_in_memory_is_read_as_one_on_disk() {
        let (folder, mut model) = saved();
        let names = [SETTINGS_FILE, "character.png", "face_morpher.safetensors", "body_morpher.safetensors"];
        let bytes = names.map(|name| std::fs::read(folder.path().join(name)).expect("saved"));
        let mut files: Vec<(&str, &[u8])> = names.into_iter().zip(bytes.iter().map(Vec::as_slice)).collect();
        model.name = "kept".to_owned();
        assert_eq!(CharacterModel::from_files("kept", &files).expect("reads"), model);
        files[2].1 = b"PK no zip";
        files.pop();
        let error = CharacterModel::from_files("kept", &files).expect_err("refused").to_string();
        for words in ["face_morpher.safetensors: its zip container", "body_morpher.safetensors: there is no such file"]
        {
            assert!(error.contains(words), "{words} is not in: {error}");
        }
        let error = CharacterModel::from_files("kept", &[]).expect_err("refused").to_string();
        assert!(error.contains(SETTINGS_FILE) && error.contains("no such file"), "{error}");
    }

    #[test]
    fn every_error_is_reported_at_once() {
        let (folder, model) = saved();
        let mut face = model.face.to_weights();
        face.0.remove("siren.last_linear.bias");
        face.0.get_mut("siren.last_linear.weight").expect("there").values[3] = f32::NAN;
        let (small, mut grey) = (image::GrayImage::new(64, 32), Vec::new());
        small.write_to(&mut std::io::Cursor::new(&mut grey), image::ImageFormat::Png).expect("encoded");
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
        write("face_morpher.safetensors", &face.to_safetensors().expect("encoded"));
        write("body_morpher.safetensors", b"PK no zip");
        write("character.png", &grey);
        let (count, message) = refusal(folder.path());
        for words in [
            "64 x 32",
            "L8",
            "`siren.last_linear.bias`",
            "holds NaN at position 3",
            "body_morpher.safetensors: its zip container",
        ] {
            assert!(message.contains(words), "{words} is not in: {message}");
        }
        assert_eq!(count, 5, "{message}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let (folder, _) = saved();
        std::fs::remove_file(folder.path().join("character.png")).expect("removed");
        let (count, message) = refusal(folder.path());
        assert!(count == 1 && message.contains("character.png: there is no such file"), "{message}");
        assert!(refusal(&folder.path().join("nowhere")).1.contains("nowhere: there is no such file"));
        let empty = tempfile::tempdir().expect("a temporary folder");
        assert!(refusal(empty.path()).1.contains(SETTINGS_FILE));
    }

    #[test]
    fn a_nan_weight_is_named() {
        let (folder, mut model) = saved();
        model.body.levels[1][0].weight[5] = f32::NAN;
        model.save(folder.path()).expect("saved");
        let (_, message) = refusal(folder.path());
        assert!(message.contains("`siren_layers.1.0.linear.weight` holds NaN at position 5"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn only_links_out_of_the_folder_are_refused() {
        let ((folder, _), (other, _)) = (saved(), saved());
        let name = "face_morpher.safetensors";
        let place = folder.path().join(name);
        std::fs::rename(&place, folder.path().join("aside")).expect("renamed");
        std::os::unix::fs::symlink("aside", &place).expect("linked");
        CharacterModel::load(folder.path()).expect("a link within the folder is fine");
        std::fs::remove_file(&place).expect("removed");
        std::os::unix::fs::symlink(other.path().join(name), &place).expect("linked");
        assert!(refusal(folder.path()).1.contains("outside the character's folder"));
    }

    #[test]
    fn a_folder_in_a_files_place_is_refused() {
        let (folder, _) = saved();
        let place = folder.path().join("character.png");
        std::fs::remove_file(&place).expect("removed");
        std::fs::create_dir(&place).expect("created");
        assert!(refusal(folder.path()).1.contains("not a regular file"));
    }
}
