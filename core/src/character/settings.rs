//! `character_model.yaml`: the names of a character model's three files.

use thiserror::Error;

use crate::suggest::{did_you_mean, nearest};
use crate::untrusted::shown;
use crate::yaml::{self, Value};

/// The file's name in a character model's folder.
pub const SETTINGS_FILE: &str = "character_model.yaml";

/// The fields, in the order of [`FileNames`].
const FIELDS: [&str; 3] = ["character_image_file_name", "face_morpher_file_name", "body_morpher_file_name"];

/// The three names a character model's YAML gives, relative to its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNames {
    /// The picture.
    pub image: String,
    /// The face morpher's weights.
    pub face: String,
    /// The body morpher's weights.
    pub body: String,
}

/// What is wrong with a `character_model.yaml`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Not YAML at all.
    #[error("is not valid YAML: {0}")]
    Yaml(#[from] yaml::Error),
    /// Not text.
    #[error("is not UTF-8 text")]
    NotText,
    /// YAML, but not fields with values.
    #[error("does not hold `field: value` lines")]
    NotAMap,
    /// A field that a character model does not have.
    #[error("has the unknown field {}{}", shown(field), did_you_mean(*nearest))]
    Unknown {
        /// The field.
        field: String,
        /// The known field it may be meant to be.
        nearest: Option<&'static str>,
    },
    /// A field is not there.
    #[error("lacks the field `{0}`")]
    Missing(&'static str),
    /// A value that is not a name.
    #[error("the field `{0}` must be a file name")]
    NotAName(&'static str),
    /// A name that leads out of the folder.
    #[error("the field `{field}` names {}, which is not a path within the character's folder", shown(name))]
    Escapes {
        /// The field.
        field: &'static str,
        /// The name it gives.
        name: String,
    },
}

impl FileNames {
    /// Reads the YAML.
    ///
    /// # Errors
    /// Everything wrong with it: unknown and missing fields, invalid names, names that leave the folder.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<SettingsError>> {
        let text = std::str::from_utf8(bytes).map_err(|_| vec![SettingsError::NotText])?;
        let value: Value = yaml::from_str(text).map_err(|error| vec![error.into()])?;
        let Value::Mapping(map) = value else { return Err(vec![SettingsError::NotAMap]) };
        let mut problems = map.keys().filter_map(unknown).collect::<Vec<_>>();
        let names = FIELDS.map(|field| name(field, map.get(field)).map_err(|error| problems.push(error)).ok());
        match names {
            [Some(image), Some(face), Some(body)] if problems.is_empty() => Ok(Self { image, face, body }),
            _ => Err(problems),
        }
    }

    /// The YAML of these names.
    pub(super) fn to_yaml(&self) -> String {
        let values = [&self.image, &self.face, &self.body];
        FIELDS.iter().zip(values).map(|(field, value)| format!("{field}: {value}\n")).collect::<Vec<_>>().concat()
    }
}

fn unknown(key: &Value) -> Option<SettingsError> {
    let field = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
    if FIELDS.contains(&field.as_str()) {
        return None;
    }
    let nearest = nearest(&field, FIELDS);
    Some(SettingsError::Unknown { nearest, field })
}

fn name(field: &'static str, value: Option<&Value>) -> Result<String, SettingsError> {
    match value {
        None => Err(SettingsError::Missing(field)),
        Some(Value::String(name)) if is_inside(name) => Ok(name.clone()),
        Some(Value::String(name)) => Err(SettingsError::Escapes { field, name: name.clone() }),
        Some(_) => Err(SettingsError::NotAName(field)),
    }
}

/// Whether a name stays within its folder on every system: no root, no drive, no `..`, no backslash.
fn is_inside(name: &str) -> bool {
    !name.contains(['\\', ':', '\0'])
        && !name.starts_with('/')
        && name.split('/').all(|part| part != "..")
        && name.split('/').any(|part| !matches!(part, "" | "."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "character_image_file_name: a.png\nface_morpher_file_name: f/b.pt\nbody_morpher_file_name: c.pt";

    fn refusals(yaml: &str) -> String {
        let errors = FileNames::parse(yaml.as_bytes()).expect_err("refused");
        errors.iter().map(|error| format!("{error}\n")).collect::<Vec<_>>().concat()
    }

    #[test]
    fn written_names_read_back() {
        let names = FileNames::parse(GOOD.as_bytes()).expect("good");
        assert_eq!((names.image.as_str(), names.face.as_str(), names.body.as_str()), ("a.png", "f/b.pt", "c.pt"));
        assert_eq!(FileNames::parse(names.to_yaml().as_bytes()).expect("written"), names);
    }

    #[test]
    fn every_error_is_reported_at_once() {
        let message = refusals("character_image_filename: a.png\nface_morpher_file_name: [1]\nspeed: 3");
        for words in [
            "`character_image_filename`; did you mean `character_image_file_name`?",
            "unknown field `speed`\n",
            "lacks the field `character_image_file_name`",
            "`face_morpher_file_name` must be a file name",
            "lacks the field `body_morpher_file_name`",
        ] {
            assert!(message.contains(words), "{words} is not in: {message}");
        }
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for name in ["/etc/passwd", "../b.pt", "f/../../b.pt", "C:b.pt", "\\\\host\\b.pt", ".", "''"] {
            let message = refusals(&GOOD.replace("f/b.pt", name));
            assert!(message.contains("`face_morpher_file_name`"), "{name}: {message}");
        }
    }

    #[test]
    fn yaml_that_is_not_a_map_is_refused() {
        assert!(refusals("just words").contains("field: value"));
        assert!(refusals("a: [").contains("not valid YAML"));
        assert!(refusals("").contains("field: value"));
    }

    proptest! {
        #[test]
        fn random_text_never_panics(text in "[a-z_:&*\\[\\]{}!| \n-]{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = FileNames::parse(text.as_bytes());
            let _ = FileNames::parse(&bytes);
        }
    }
}
