//! Why a capture source cannot be opened.

use bunraku_core::suggest::did_you_mean;

/// Why a capture source cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No source has this name.
    #[error("unknown capture source `{name}`; available: {known}{}", did_you_mean(.nearest.as_deref()))]
    UnknownSource {
        /// The name given.
        name: String,
        /// The most similar known name.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// The source has no setting of this name.
    #[error("source `{source_name}` has no setting `{key}`; {known}{}", did_you_mean(.nearest.as_deref()))]
    UnknownSetting {
        /// The source.
        source_name: &'static str,
        /// The setting given.
        key: String,
        /// The most similar known setting.
        nearest: Option<String>,
        /// The settings it has.
        known: String,
    },
    /// A setting is missing or has an invalid value.
    #[error("invalid settings for source `{source_name}`: {why}")]
    Setting {
        /// The source.
        source_name: &'static str,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The text is not `NAME[:KEY=VALUE,…]`.
    #[error("invalid source `{text}`: {why}")]
    Syntax {
        /// The text given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
}
