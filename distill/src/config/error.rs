//! All errors of a configuration, field by field.

use super::{
    ConfigPaths,
    fields::{CHARACTER_IMAGE, FACE_MASK, FIELDS, POSE_DATASET, PREFIX, RECIPE, SAMPLE_OUTPUT_INTERVALS, TEACHER},
};
use bunraku_core::{
    suggest::did_you_mean,
    yaml::{self, Value},
};
use std::{fmt, ops::RangeInclusive, path::PathBuf};
use thiserror::Error;

/// An invalid configuration, with all of its errors.
#[derive(Debug)]
pub struct InvalidConfig {
    /// All errors, at least one.
    pub errors: Vec<ConfigError>,
    /// The paths it names, so that those files can be checked anyway.
    pub paths: Box<ConfigPaths>,
}

impl InvalidConfig {
    /// Whether the file is probably a distiller's configuration: no other file has a `prefix`.
    pub fn is_meant(&self) -> bool {
        !self.errors.iter().any(|error| matches!(error, ConfigError::NotAMap | ConfigError::Missing(PREFIX)))
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        f.write_str(&errors.join("; "))
    }
}

impl std::error::Error for InvalidConfig {}

/// One error in a configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not YAML at all.
    #[error("is not valid YAML: {0}")]
    Yaml(#[from] yaml::Error),
    /// YAML, but not fields with values.
    #[error("is not a list of `field: value` lines")]
    NotAMap,
    /// A field the distiller does not have.
    #[error("has the unknown field `{}`{}", field.escape_debug(), did_you_mean(*nearest))]
    Unknown {
        /// The field.
        field: String,
        /// The closest known field.
        nearest: Option<&'static str>,
    },
    /// One of the three fields without a default is missing.
    #[error("the field `{0}` is missing")]
    Missing(&'static str),
    /// A value out of the field's range.
    #[error("the field `{field}` must be {wanted}, not {}", shown(value))]
    Value {
        /// The field.
        field: &'static str,
        /// The valid values.
        wanted: Wanted,
        /// The value found.
        value: Value,
    },
    /// A relative path that leads out of the working folder.
    #[error("the field `{field}` leads out of the working folder: {}", path.display())]
    Escapes {
        /// The field.
        field: &'static str,
        /// The path found.
        path: PathBuf,
    },
}

impl ConfigError {
    /// What the user can do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Yaml(_) | Self::NotAMap => format!("write one `field: value` a line; the fields are {}", list()),
            Self::Unknown { nearest: Some(known), .. } => format!("write `{known}`, or remove the line"),
            Self::Unknown { nearest: None, .. } => format!("remove the line; the fields are {}", list()),
            Self::Missing(field @ (CHARACTER_IMAGE | FACE_MASK)) => format!(
                "add a line `{field}: …`, a path relative to the working folder; only layered art (`{TEACHER}: ….svg`) needs none"
            ),
            Self::Missing(field) => format!("add a line `{field}: …`, a path relative to the working folder"),
            Self::Value { field, .. }
                if [PREFIX, CHARACTER_IMAGE, FACE_MASK, RECIPE, TEACHER, POSE_DATASET].contains(field) =>
            {
                "set it to a path relative to the working folder".to_owned()
            }
            Self::Value { .. } => "correct the value, or remove the line for the default".to_owned(),
            Self::Escapes { .. } => {
                "run the command from a folder that contains the file, or write its absolute path".to_owned()
            }
        }
    }
}

/// The valid values of a field, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A path.
    Path,
    /// A whole number in this range.
    Whole(RangeInclusive<u64>),
    /// An interval between sample outputs.
    Interval,
    /// The name of a backend.
    Backend,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("a path"),
            Self::Whole(range) if *range.end() == u64::MAX && *range.start() > 0 => {
                write!(f, "a whole number of {} or more", range.start())
            }
            Self::Whole(range) => write!(f, "a whole number from {} to {}", range.start(), range.end()),
            Self::Interval => {
                let [often, less, rarely] = SAMPLE_OUTPUT_INTERVALS;
                write!(f, "{often}, {less}, {rarely} or null")
            }
            Self::Backend => f.write_str("auto, cpu, wgpu or cuda"),
        }
    }
}

fn list() -> String {
    FIELDS.join(", ")
}

/// A value as written, on one line, shortened.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = yaml::to_string(value).unwrap_or_default();
    let mut text: String = text.trim_end().chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.is_empty() {
        text.push_str("empty");
    }
    format!("`{text}`")
}
