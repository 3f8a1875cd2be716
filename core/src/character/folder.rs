//! A character model on disk: its folder, read within bounds and never beyond its walls.

use std::{
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
    fn what_is_saved_loads_bit_for_bit() {
        let (folder, model) = saved();
        assert_eq!(CharacterModel::load(folder.path()).expect("loads"), model);
        assert_eq!(CharacterModel::load(&folder.path().join(SETTINGS_FILE)).expect("loads"), model);
        model.save_torch(folder.path()).expect("saved again");
        assert_eq!(CharacterModel::load(folder.path()).expect("loads"), model);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
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
    fn what_is_not_there_is_named() {
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
    fn a_link_out_of_the_folder_is_refused_and_one_within_is_not() {
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
