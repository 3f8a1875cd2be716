//! Which character to draw: one that is bundled with the program, or one on disk.

use bunraku_core::character::CharacterError;
use bunraku_engine::Character;
use serde::Deserialize;
use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

/// The word for the bundled character.
const BUNDLED: &str = "bundled";

/// The word for its smaller student.
const BUNDLED_LITE: &str = "bundled-lite";

/// A character, as the command line and `bunraku.yaml` name it. A folder whose name is one of the two words is written
/// with a dot: `./bundled`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "PathBuf")]
pub enum CharacterChoice {
    /// The bundled character, `bundled`.
    #[default]
    Bundled,
    /// The same, drawn by a smaller student with at most a quarter of the work, `bundled-lite`.
    BundledLite,
    /// A character model's folder, or its `character_model.yaml`.
    Path(PathBuf),
}

/// The bundled files of a folder in `data/characters`.
macro_rules! files {
    ($folder:literal, $($name:literal),+) => {
        &[$(($name, include_bytes!(concat!("../../data/characters/", $folder, "/", $name)))),+]
    };
}

/// The bundled character, its student of the published size.
const FULL: &[(&str, &[u8])] =
    files!("kohaku", "character_model.yaml", "character.png", "face_morpher.pt", "body_morpher.pt");

/// The bundled character, its smaller student.
const LITE: &[(&str, &[u8])] = files!(
    "kohaku/lite",
    "character_model.yaml",
    "character.png",
    "face_morpher.safetensors",
    "body_morpher.safetensors"
);

impl CharacterChoice {
    /// Reads the character.
    ///
    /// # Errors
    /// [`CharacterError`] with everything that is wrong with it.
    pub fn load(&self) -> Result<Character, CharacterError> {
        match self {
            Self::Bundled => Character::from_files("Kohaku", FULL),
            Self::BundledLite => Character::from_files("Kohaku lite", LITE),
            Self::Path(path) => Character::open(path),
        }
    }

    /// Takes a relative path as one in `folder`.
    pub(crate) fn make_relative_to(&mut self, folder: &Path) {
        if let Self::Path(path) = self {
            *path = folder.join(&*path);
        }
    }
}

impl From<PathBuf> for CharacterChoice {
    fn from(path: PathBuf) -> Self {
        match path.to_str() {
            Some(BUNDLED) => Self::Bundled,
            Some(BUNDLED_LITE) => Self::BundledLite,
            _ => Self::Path(path),
        }
    }
}

impl From<OsString> for CharacterChoice {
    fn from(text: OsString) -> Self {
        PathBuf::from(text).into()
    }
}

impl fmt::Display for CharacterChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled => f.write_str(BUNDLED),
            Self::BundledLite => f.write_str(BUNDLED_LITE),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_engine::{Quality, View};

    #[test]
    fn the_bundled_files_can_be_drawn_and_the_lite_student_takes_a_quarter_of_the_work() {
        let [full, lite] = [CharacterChoice::Bundled, CharacterChoice::BundledLite].map(|choice| {
            let character = choice.load().expect("it was whole when it was built in");
            character.multiply_adds(View::new(512, Quality::Full))
        });
        assert!(4 * lite <= full, "{lite} multiply-adds a frame are more than a quarter of {full}");
    }

    #[test]
    fn the_words_are_read_and_written_and_all_else_is_a_path() {
        for (text, choice) in [
            ("bundled", CharacterChoice::Bundled),
            ("bundled-lite", CharacterChoice::BundledLite),
            ("./bundled", CharacterChoice::Path("./bundled".into())),
            ("my_character", CharacterChoice::Path("my_character".into())),
        ] {
            assert_eq!(CharacterChoice::from(OsString::from(text)), choice);
            assert_eq!(choice.to_string(), text);
        }
    }

    #[test]
    fn only_paths_are_relative_to_something() {
        let moved = |text: &str| {
            let mut choice = CharacterChoice::from(PathBuf::from(text));
            choice.make_relative_to(Path::new("/home/me"));
            choice.to_string()
        };
        assert_eq!(moved("bundled"), "bundled");
        assert_eq!(Path::new(&moved("mine")), Path::new("/home/me").join("mine"));
    }
}
