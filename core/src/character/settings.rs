//! `character_model.yaml`: the names of a character model's three files.

use serde_yaml::Value;
use thiserror::Error;

use super::error::shown;

/// The file's name in a character model's folder.
pub const SETTINGS_FILE: &str = "character_model.yaml";

/// The fields, in the order of [`FileNames`].
const FIELDS: [&str; 3] = ["character_image_file_name", "face_morpher_file_name", "body_morpher_file_name"];

/// A misspelt name this similar (Jaro-Winkler, 0 to 1) to a known one is taken to mean it.
const SIMILAR: f64 = 0.8;

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
    Yaml(#[from] serde_yaml::Error),
    /// Not text.
    #[error("is not UTF-8 text")]
    NotText,
    /// YAML, but not fields with values.
    #[error("does not hold `field: value` lines")]
    NotAMap,
    /// A field that a character model does not have.
    #[error("has the unknown field {}{}", shown(field), suggestion(*nearest))]
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

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

impl FileNames {
    /// Reads the YAML.
    ///
    /// # Errors
    /// All that is wrong with it: unknown and missing fields, values that are no names, names that leave the folder.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<SettingsError>> {
        let text = std::str::from_utf8(bytes).map_err(|_| vec![SettingsError::NotText])?;
        let value: Value = serde_yaml::from_str(text).map_err(|error| vec![error.into()])?;
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
        FIELDS.iter().zip(values).map(|(field, value)| format!("{field}: {value}\n")).collect()
    }
}

fn unknown(key: &Value) -> Option<SettingsError> {
    let field = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
    if FIELDS.contains(&field.as_str()) {
        return None;
    }
    let similarity = |known: &&&str| (strsim::jaro_winkler(&field, known) * 1e6) as u32;
    let nearest = FIELDS.iter().max_by_key(similarity).filter(|known| strsim::jaro_winkler(&field, known) >= SIMILAR);
    Some(SettingsError::Unknown { nearest: nearest.copied(), field })
}

fn name(field: &'static str, value: Option<&Value>) -> Result<String, SettingsError> {
    match value {
        None => Err(SettingsError::Missing(field)),
        Some(Value::String(name)) if is_inside(name) => Ok(name.clone()),
        Some(Value::String(name)) => Err(SettingsError::Escapes { field, name: name.clone() }),
        Some(_) => Err(SettingsError::NotAName(field)),
    }
}

/// Whether a name goes nowhere but down, on every system: no root, no drive, no `..`, no backslash.
fn is_inside(name: &str) -> bool {
    !name.contains(['\\', ':', '\0'])
        && !name.starts_with('/')
        && name.split('/').all(|part| part != "..")
        && name.split('/').any(|part| !matches!(part, "" | "."))
}
