//! What a source says of itself, for the registry, for help and for status displays.

mod error;
pub(crate) mod info;
pub(crate) mod settings;

pub use error::SourceError;
