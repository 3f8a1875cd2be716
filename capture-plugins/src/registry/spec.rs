//! A source and its settings, as written on the command line, in the configuration or in a request.

use crate::{SettingValue, Settings, SourceError, SourceInfo};
use bunraku_core::channel::Channels;
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, fmt, path::Path, str::FromStr};

/// A source and its settings: `NAME[:KEY=VALUE,…]`, or the same in YAML, `{name: NAME, KEY: VALUE, …}`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub struct SourceSpec {
    /// The source's name in the registry.
    pub name: String,
    /// Its settings, validated when it is opened.
    pub settings: Settings,
}

impl SourceSpec {
    /// The channels to drive: those the source can drive, narrowed by its setting `channels`.
    ///
    /// # Errors
    /// The source or a channel is unknown, or no channel is left.
    pub fn channels(&self) -> Result<Channels, SourceError> {
        SourceInfo::find(&self.name)?.driven_channels(&self.settings)
    }

    /// Makes the files in its settings relative to `folder`, where its configuration file is.
    pub fn make_relative_to(&mut self, folder: &Path) {
        let files =
            SourceInfo::find(&self.name).into_iter().flat_map(|info| info.settings).filter(|setting| setting.file);
        files.for_each(|setting| self.settings.make_relative_to(folder, setting.name));
    }
}

impl FromStr for SourceSpec {
    type Err = SourceError;

    /// Parses `NAME[:KEY=VALUE,…]`. A value may contain `:` and `=`, but no comma.
    fn from_str(text: &str) -> Result<Self, SourceError> {
        let wrong = |why: String| SourceError::Syntax { text: text.to_owned(), why };
        let (name, settings) = text.split_once(':').unwrap_or((text, ""));
        if name.trim().is_empty() {
            return Err(wrong("expected NAME[:KEY=VALUE,…]".to_owned()));
        }
        let mut spec = Self { name: name.trim().to_owned(), ..Self::default() };
        for pair in settings.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                wrong(format!(
                    "`{pair}` is not KEY=VALUE; a value that contains a comma has to be set in the configuration file"
                ))
            })?;
            if !spec.settings.insert(key.trim(), SettingValue::Text(value.to_owned())) {
                return Err(wrong(format!("`{}` is given twice", key.trim())));
            }
        }
        Ok(spec)
    }
}

impl fmt::Display for SourceSpec {
    /// Formats as `NAME[:KEY=VALUE,…]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (index, (key, value)) in self.settings.iter().enumerate() {
            write!(f, "{}{key}={value}", if index == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

/// A source as a configuration or a request writes it.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected `NAME[:KEY=VALUE,…]`, or a map with the source's `name` and its settings, such as {name: idle, seed: 3}"
)]
enum Written {
    Text(String),
    Map {
        name: String,
        #[serde(flatten)]
        settings: BTreeMap<String, Value>,
    },
}

impl TryFrom<Written> for SourceSpec {
    type Error = SourceError;

    fn try_from(written: Written) -> Result<Self, SourceError> {
        match written {
            Written::Text(text) => text.parse(),
            Written::Map { name, settings } => Ok(Self { name, settings: settings.into_iter().collect() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::yaml;
    use proptest::prelude::*;

    #[test]
    fn a_value_may_contain_colons() {
        let spec: SourceSpec = "ifacialmocap:host=192.168.0.7:49983,port=1".parse().expect("well formed");
        assert_eq!(spec.name, "ifacialmocap");
        assert_eq!(spec.settings.get("host"), Some(&SettingValue::Text("192.168.0.7:49983".to_owned())));
        assert_eq!(spec.to_string(), "ifacialmocap:host=192.168.0.7:49983,port=1");
    }

    #[test]
    fn a_comma_in_a_value_is_explained() {
        let error = "replay:file=a,b.jsonl".parse::<SourceSpec>().expect_err("a comma").to_string();
        assert!(error.contains("`b.jsonl`") && error.contains("configuration"), "{error}");
    }

    #[test]
    fn a_setting_given_twice_and_a_missing_name_are_refused() {
        for text in ["replay:speed=1,speed=2", "", ":speed=1", "  :"] {
            assert!(text.parse::<SourceSpec>().is_err(), "{text}");
        }
    }

    #[test]
    fn files_are_relative_to_the_configuration_that_names_them() {
        let yaml = "[{name: replay, file: take.jsonl, speed: 2}, 'replay:file=/abs.jsonl', idle]";
        let mut specs: Vec<SourceSpec> = yaml::from_str(yaml).expect("three sources");
        for spec in &mut specs {
            spec.make_relative_to(Path::new("shows/today"));
        }
        let shown: Vec<String> = specs.iter().map(ToString::to_string).collect();
        let take = Path::new("shows/today").join("take.jsonl");
        assert_eq!(
            shown,
            [format!("replay:file={},speed=2", take.display()), "replay:file=/abs.jsonl".into(), "idle".into()]
        );
    }

    #[test]
    fn yaml_specs_equal_those_of_the_command_line() {
        let yaml = "- idle\n- {name: replay, file: 'a,b.jsonl', speed: 2}\n- ifacialmocap:port=0\n";
        let specs: Vec<SourceSpec> = yaml::from_str(yaml).expect("three sources");
        assert_eq!(specs[0], "idle".parse().expect("a name"));
        assert_eq!(specs[1].to_string(), "replay:file=a,b.jsonl,speed=2");
        assert_eq!(specs[2], "ifacialmocap:port=0".parse().expect("well formed"));
        for bad in ["{file: x}", "{name: 3}", "[1, 2]", "7"] {
            assert!(yaml::from_str::<SourceSpec>(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_or_fails_without_panicking(text in "\\PC{0,80}") {
            text.parse::<SourceSpec>().ok();
        }

        #[test]
        fn a_printed_spec_parses_back(
            name in "[a-z]{1,12}",
            settings in proptest::collection::btree_map("[a-z_]{1,8}", "[^,]{0,20}", 0..5),
        ) {
            let pairs: Vec<String> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let spec: SourceSpec = format!("{name}:{}", pairs.join(",")).parse().expect("well formed");
            prop_assert_eq!(spec.settings.iter().count(), settings.len());
            let back: SourceSpec = spec.to_string().parse().expect("a printed spec");
            prop_assert_eq!(back, spec);
        }
    }
}
