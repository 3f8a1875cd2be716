//! Settings of the picture, as the command line and `bunraku.yaml` write them.

use bunraku_core::suggest::nearest;
pub use bunraku_engine::EngineChoice;
use bunraku_engine::{MAX_SIZE, MIN_SIZE, Quality};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// How much of the student's work is done for a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QualityChoice {
    /// As the reference computes it
    Full,
    /// As full, but skips background that a coarse pass finds empty
    High,
    /// As high, on grids of three quarters the edge
    Fast,
    /// The best that keeps the frame rate
    #[default]
    Auto,
}

impl QualityChoice {
    /// The quality, or `None` where the frame rate decides.
    pub const fn fixed(self) -> Option<Quality> {
        match self {
            Self::Full => Some(Quality::Full),
            Self::High => Some(Quality::High),
            Self::Fast => Some(Quality::Fast),
            Self::Auto => None,
        }
    }
}

/// A setting that is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// Not a number of pixels, or out of the engines' range.
    #[error("invalid size {0}: expected {MIN_SIZE} to {MAX_SIZE}")]
    Size(String),
    /// A `#` without six hexadecimal digits after it.
    #[error("invalid colour `{0}`: expected #RRGGBB, such as #00ff00")]
    Colour(String),
}

/// Edge of the output in pixels, [`MIN_SIZE`] to [`MAX_SIZE`]; 512 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "usize", into = "usize")]
pub struct Size(usize);

impl Size {
    /// A size of `pixels`.
    ///
    /// # Errors
    /// When it is out of range.
    pub fn new(pixels: usize) -> Result<Self, SettingError> {
        let valid = (MIN_SIZE..=MAX_SIZE).contains(&pixels);
        if valid { Ok(Self(pixels)) } else { Err(SettingError::Size(pixels.to_string())) }
    }

    /// The edge in pixels.
    pub const fn pixels(self) -> usize {
        self.0
    }
}

impl Default for Size {
    fn default() -> Self {
        Self(512)
    }
}

impl FromStr for Size {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        text.parse().map_err(|_| SettingError::Size(text.to_owned())).and_then(Self::new)
    }
}

impl TryFrom<usize> for Size {
    type Error = SettingError;

    fn try_from(pixels: usize) -> Result<Self, SettingError> {
        Self::new(pixels)
    }
}

impl From<Size> for usize {
    fn from(size: Size) -> Self {
        size.0
    }
}

/// The background.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Background {
    /// Nothing; the alpha channel is kept.
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
    /// The colour most likely meant by the path of a picture that does not exist.
    pub fn misspelt(path: &Path) -> Option<&'static str> {
        // Loading a configuration has put its folder in front.
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
    fn a_background_displays_as_it_was_written() {
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
    fn a_misspelt_colour_suggests_its_name_and_a_picture_does_not() {
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
        for (text, pixels) in [("128", 128), ("2048", 2048)] {
            assert_eq!(text.parse::<Size>().map(Size::pixels), Ok(pixels));
        }
        for text in ["127", "2049", "-512", "512.5", "big", "99999999999999999999999"] {
            let error = text.parse::<Size>().expect_err(text).to_string();
            assert!(error.contains(text) && error.contains("128 to 2048"), "{error}");
        }
    }
}
