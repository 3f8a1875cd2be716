//! What a person chooses about the picture, in the words of the command line and of `bunraku.yaml`.

use bunraku_core::suggest::nearest;
pub use bunraku_engine::EngineChoice;
use bunraku_engine::{MAX_SIZE, MIN_SIZE, Quality};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Edge of the output in pixels where nothing else was asked for.
pub const DEFAULT_SIZE: usize = 512;

/// How much of the student's work is done for a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QualityChoice {
    /// The reference's own computation
    Full,
    /// The reference's own computation where the character is, nothing where a coarse look finds empty background
    High,
    /// That, on grids of three quarters the edge
    Fast,
    /// The best that keeps the frame rate
    #[default]
    Auto,
}

impl QualityChoice {
    /// The quality that was asked for, or none where the frame rate decides.
    pub const fn fixed(self) -> Option<Quality> {
        match self {
            Self::Full => Some(Quality::Full),
            Self::High => Some(Quality::High),
            Self::Fast => Some(Quality::Fast),
            Self::Auto => None,
        }
    }
}

/// What a setting said that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// Not a number, or out of the engines' range.
    #[error("`{0}` is no edge in pixels: {MIN_SIZE} to {MAX_SIZE} are possible")]
    Size(String),
    /// A `#` without six hexadecimal digits after it.
    #[error("`{0}` is no colour: write #RRGGBB, such as #00ff00")]
    Colour(String),
}

/// Reads the edge of the output, [`MIN_SIZE`] to [`MAX_SIZE`] pixels.
///
/// # Errors
/// When `text` is something else.
pub fn parse_size(text: &str) -> Result<usize, SettingError> {
    text.parse()
        .ok()
        .filter(|size| (MIN_SIZE..=MAX_SIZE).contains(size))
        .ok_or_else(|| SettingError::Size(text.to_owned()))
}

/// What is behind the character.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Background {
    /// Nothing: the alpha channel is kept.
    #[default]
    Transparent,
    /// One colour, 8-bit sRGB.
    Colour([u8; 3]),
    /// A picture, which covers the output and keeps its own shape.
    Picture(PathBuf),
}

/// The colours that have a name, as the reference's puppeteers offer them (`core/spec/images.md`).
const NAMED: [(&str, [u8; 3]); 4] =
    [("green", [0, 255, 0]), ("blue", [0, 0, 255]), ("black", [0, 0, 0]), ("white", [255, 255, 255])];

impl Background {
    /// The word that a picture's path, at which nothing is, most likely means, if any.
    pub fn misspelt(path: &Path) -> Option<&'static str> {
        // A path in a configuration has its folder before it by now.
        let word = path.file_name()?.to_str().filter(|_| path.extension().is_none() && !path.exists())?;
        nearest(word, NAMED.iter().map(|(name, _)| *name).chain(["transparent"]))
    }
}

impl FromStr for Background {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        if text == "transparent" {
            return Ok(Self::Transparent);
        }
        if let Some((_, colour)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Colour(*colour));
        }
        match text.strip_prefix('#') {
            Some(digits) => parse_colour(digits).map(Self::Colour).ok_or_else(|| SettingError::Colour(text.to_owned())),
            None => Ok(Self::Picture(PathBuf::from(text))),
        }
    }
}

fn parse_colour(digits: &str) -> Option<[u8; 3]> {
    if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}

impl fmt::Display for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transparent => f.write_str("transparent"),
            Self::Colour(colour) => match NAMED.iter().find(|(_, named)| named == colour) {
                Some((name, _)) => f.write_str(name),
                None => write!(f, "#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]),
            },
            Self::Picture(path) => write!(f, "{}", path.display()),
        }
    }
}

impl TryFrom<String> for Background {
    type Error = SettingError;

    fn try_from(text: String) -> Result<Self, SettingError> {
        text.parse()
    }
}

impl From<Background> for String {
    fn from(background: Background) -> Self {
        background.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backgrounds_are_read_and_written_in_the_same_words() {
        for text in ["transparent", "green", "blue", "black", "white", "#12ab00", "stage/wood.png"] {
            assert_eq!(text.parse::<Background>().expect(text).to_string(), text);
        }
        assert_eq!("#00FF00".parse(), Ok(Background::Colour([0, 255, 0])));
        for text in ["#12", "#gggggg", "#+12345", "#1234567"] {
            let error = text.parse::<Background>().expect_err(text).to_string();
            assert!(error.contains(text) && error.contains("#RRGGBB"), "{error}");
        }
    }

    #[test]
    fn a_misspelt_colour_finds_its_name_and_a_picture_is_a_picture() {
        assert_eq!(Background::misspelt(Path::new("gren")), Some("green"));
        assert_eq!(Background::misspelt(Path::new("/home/me/trasparent")), Some("transparent"));
        for path in ["green.png", "wood", ".", "/", ""] {
            assert_eq!(Background::misspelt(Path::new(path)), None, "{path}");
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let picture = folder.path().join("grean");
        std::fs::write(&picture, "").expect("written");
        assert_eq!(Background::misspelt(&picture), None, "it is there");
    }

    #[test]
    fn sizes_out_of_range_are_refused_with_the_range() {
        assert_eq!(parse_size("128"), Ok(128));
        assert_eq!(parse_size("2048"), Ok(2048));
        for text in ["127", "2049", "-512", "512.5", "big", "99999999999999999999999"] {
            let error = parse_size(text).expect_err(text).to_string();
            assert!(error.contains("128") && error.contains("2048"), "{error}");
        }
    }
}
