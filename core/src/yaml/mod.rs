//! YAML, and the one place that names its parser, which is no longer maintained.

mod problems;

pub use problems::read;
pub use serde_yaml::{Error, Mapping, Value, from_str, from_value, to_string};
