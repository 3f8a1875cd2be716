//! Reads YAML. The only module that names the parser, which is no longer maintained.

mod problems;

pub use problems::{read, with_nearest};
pub use serde_yaml::{Error, Mapping, Value, from_str, from_value, to_string};
