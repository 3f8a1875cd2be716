//! What is wrong with a configuration, told all at once, field by field.

use super::{
    ConfigPaths,
    fields::{CHARACTER_IMAGE, FACE_MASK, FIELDS, POSE_DATASET, PREFIX, RECIPE, SAMPLE_OUTPUT_INTERVALS, TEACHER},
};
use serde_yaml::Value;
use std::{fmt, ops::RangeInclusive, path::PathBuf};
use thiserror::Error;

/// A configuration that cannot be used, with everything that is wrong with it.
#[derive(Debug)]
pub struct InvalidConfig {
    /// All that is wrong; at least one.
    pub errors: Vec<ConfigError>,
    /// What it says of files, so that these can be looked at all the same.
    pub paths: Box<ConfigPaths>,
}

impl InvalidConfig {
    /// Whether it is meant to be a distiller's configuration at all, as far as one can tell: no other file has a prefix.
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

/// One thing wrong with a configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not YAML at all.
    #[error("is not valid YAML: {0}")]
    Yaml(#[from] serde_yaml::Error),
    /// YAML, but not fields with values.
    #[error("does not hold `field: value` lines")]
    NotAMap,
    /// A field that the distiller does not have.
    #[error("has the unknown field `{}`{}", field.escape_debug(), suggestion(*nearest))]
    Unknown {
        /// The field.
        field: String,
        /// The known field it may be meant to be.
        nearest: Option<&'static str>,
    },
    /// One of the three fields without a default is not there.
    #[error("lacks the field `{0}`")]
    Missing(&'static str),
    /// A value that the field cannot have.
    #[error("the field `{field}` must be {wanted}, not {}", shown(value))]
    Value {
        /// The field.
        field: &'static str,
        /// What it can be.
        wanted: Wanted,
        /// What it is.
        value: Value,
    },
    /// A relative path that climbs out of the working folder.
    #[error("the field `{field}` leads out of the working folder: {}", path.display())]
    Escapes {
        /// The field.
        field: &'static str,
        /// The path it gives.
        path: PathBuf,
    },
}

impl ConfigError {
    /// What the user can do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Yaml(_) | Self::NotAMap => format!("write one `field: value` a line; the fields are {}", list()),
            Self::Unknown { nearest: Some(known), .. } => format!("write `{known}`, or leave the line out"),
            Self::Unknown { nearest: None, .. } => format!("leave the line out; the fields are {}", list()),
            Self::Missing(field @ (CHARACTER_IMAGE | FACE_MASK)) => format!(
                "add a line `{field}: …`, a path relative to the working folder; only layered art (`{TEACHER}: ….svg`) needs none"
            ),
            Self::Missing(field) => format!("add a line `{field}: …`, a path relative to the working folder"),
            Self::Value { field, .. }
                if [PREFIX, CHARACTER_IMAGE, FACE_MASK, RECIPE, TEACHER, POSE_DATASET].contains(field) =>
            {
                "give a path, relative to the working folder".to_owned()
            }
            Self::Value { .. } => "correct the value, or leave the line out for the default".to_owned(),
            Self::Escapes { .. } => "run from a folder that holds the file, or write its absolute path".to_owned(),
        }
    }
}

/// What a field can be, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A path.
    Path,
    /// A whole number between these, both included.
    Whole(RangeInclusive<u64>),
    /// The interval between sample outputs.
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

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// A value as it was written, on one line and not too long.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = serde_yaml::to_string(value).unwrap_or_default();
    let mut text: String = text.trim_end().chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.is_empty() {
        text.push_str("empty");
    }
    format!("`{text}`")
}
