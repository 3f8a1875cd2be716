//! The registry: every capture source, found by name.

pub(crate) mod info;
pub(crate) mod settings;
pub(crate) mod spec;

use crate::{Surroundings, idle, ifacialmocap, mediapipe, mouse, process, replay};
use bunraku_core::source::CaptureSource;
use info::SourceInfo;
use spec::SourceSpec;

/// All capture sources, in display order.
pub fn registry() -> &'static [SourceInfo] {
    &[idle::INFO, mouse::INFO, replay::INFO, process::INFO, ifacialmocap::INFO, mediapipe::INFO]
}

/// Creates the source that `spec` names, ready to run. Cameras, ports and phones are opened only when it runs.
///
/// # Errors
/// The source is unknown, or a setting is unknown, missing or invalid.
pub fn open(spec: &SourceSpec, surroundings: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let info = SourceInfo::find(&spec.name)?;
    info.check_names(&spec.settings)?;
    spec.channels()?;
    (info.open)(&spec.settings.without_common(), surroundings)
}

/// Why a capture source cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No source has this name.
    #[error("unknown capture source `{name}`{}; available: {known}", did_you_mean(.nearest.as_deref()))]
    UnknownSource {
        /// The name given.
        name: String,
        /// The most similar known name.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// The source has no setting of this name.
    #[error("source `{source_name}` has no setting `{key}`{}; {known}", did_you_mean(.nearest.as_deref()))]
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

fn did_you_mean(name: Option<&str>) -> String {
    name.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::channel::{Channel, Channels};

    fn open_error(spec: &str) -> String {
        let spec: SourceSpec = spec.parse().expect("well formed");
        match open(&spec, &Surroundings::default()) {
            Ok(source) => panic!("opened {}", source.describe()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_default_in_the_registry_is_accepted() {
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
    fn an_error_for_a_misspelt_source_suggests_the_nearest_name() {
        let error = open_error("ifacialmokap");
        assert!(error.contains("did you mean `ifacialmocap`?"), "{error}");
    }

    #[test]
    fn an_error_for_a_misspelt_setting_suggests_the_nearest_and_lists_all() {
        let error = open_error("ifacialmocap:hots=192.168.0.7");
        assert!(
            error.contains("`hots`") && error.contains("did you mean `host`?") && error.contains("port"),
            "{error}"
        );
    }

    #[test]
    fn every_source_takes_the_channels_it_drives() {
        for text in ["idle:channels=head+mouth", "mouse:channels=gaze,rate=30"] {
            let spec: SourceSpec = text.parse().expect("well formed");
            assert!(open(&spec, &Surroundings::default()).is_ok(), "{text}");
        }
        let spec: SourceSpec = serde_yaml::from_str("{name: idle, channels: mouth+head}").expect("well formed");
        assert_eq!(spec.channels(), Ok(Channels::of(&[Channel::Head, Channel::Mouth])));
        assert_eq!("idle".parse::<SourceSpec>().and_then(|spec| spec.channels()), Ok(Channels::ALL));
        let error = open_error("idle:channels=nose");
        assert!(error.contains("`channels`") && error.contains("`nose`") && error.contains("brows"), "{error}");
    }

    #[test]
    fn an_error_for_an_invalid_value_names_its_setting() {
        let error = open_error("ifacialmocap:port=70000");
        assert!(error.contains("`port`") && error.contains("70000"), "{error}");
    }
}
