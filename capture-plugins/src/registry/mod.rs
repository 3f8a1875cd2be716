//! The registry: every capture source of this program, found by name.

pub(crate) mod info;
pub(crate) mod settings;
pub(crate) mod spec;

use crate::{Surroundings, idle, ifacialmocap, mediapipe, mouse, process, replay};
use bunraku_core::source::CaptureSource;
use info::SourceInfo;
use spec::SourceSpec;

/// All capture sources, in the order they are shown.
pub fn registry() -> &'static [SourceInfo] {
    &[idle::INFO, mouse::INFO, replay::INFO, process::INFO, ifacialmocap::INFO, mediapipe::INFO]
}

/// Makes the source that `spec` names, ready to run; nothing is opened that could be missing for a while.
///
/// # Errors
/// The source is unknown, or a setting is unknown, missing or out of range.
pub fn open(spec: &SourceSpec, surroundings: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let info = SourceInfo::find(&spec.name)?;
    info.check_names(&spec.settings)?;
    (info.open)(&spec.settings, surroundings)
}

/// Why a capture source cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No source of this name.
    #[error("there is no capture source `{name}`{}; the sources are: {known}", did_you_mean(.nearest.as_deref()))]
    UnknownSource {
        /// The name asked for.
        name: String,
        /// The known name most like it.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// The source has no setting of this name.
    #[error("the source `{source_name}` has no setting `{key}`{}; {known}", did_you_mean(.nearest.as_deref()))]
    UnknownSetting {
        /// The source.
        source_name: &'static str,
        /// The setting asked for.
        key: String,
        /// The known setting most like it.
        nearest: Option<String>,
        /// What settings there are.
        known: String,
    },
    /// A setting's value cannot be used.
    #[error("the settings of the source `{source_name}` cannot be used: {why}")]
    Setting {
        /// The source.
        source_name: &'static str,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The text is not `NAME[:KEY=VALUE,…]`.
    #[error("`{text}` is not a source: {why}")]
    Syntax {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(spec: &str) -> String {
        let spec: SourceSpec = spec.parse().expect("well formed");
        match open(&spec, &Surroundings::default()) {
            Ok(source) => panic!("opened {}", source.describe()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_default_of_the_registry_is_accepted_as_written() {
        for info in registry() {
            for setting in info.settings {
                let Some(default) = setting.default else { continue };
                let spec: SourceSpec =
                    format!("{}:{}={default}", info.name, setting.name).parse().expect("well formed");
                info.check_names(&spec.settings).expect("the registry knows its own names");
                if info.settings.iter().any(|setting| setting.required) {
                    continue;
                }
                if let Err(error) = open(&spec, &Surroundings::default()) {
                    panic!("{spec}: {error}");
                }
            }
        }
    }

    #[test]
    fn a_misspelt_source_names_the_nearest() {
        let error = refusal("ifacialmokap");
        assert!(error.contains("did you mean `ifacialmocap`?"), "{error}");
    }

    #[test]
    fn a_misspelt_setting_names_the_nearest_and_all_there_are() {
        let error = refusal("ifacialmocap:hots=192.168.0.7");
        assert!(
            error.contains("`hots`") && error.contains("did you mean `host`?") && error.contains("port"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_value_names_its_setting() {
        let error = refusal("ifacialmocap:port=70000");
        assert!(error.contains("`port`") && error.contains("70000"), "{error}");
    }
}
