//! A source's description of itself, for the registry, help and status displays.

mod error;
pub(crate) mod info;
pub(crate) mod settings;

pub use error::SourceError;
