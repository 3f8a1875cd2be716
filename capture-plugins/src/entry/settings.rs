//! A source's settings as written, before its own settings struct reads them.

use super::{SourceError, info::COMMON_SETTINGS};
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, Error as _, IntoDeserializer, Visitor,
        value::{Error, MapDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Value;
use std::{collections::BTreeMap, fmt, path::Path, str::FromStr};

/// Settings by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(BTreeMap<String, SettingValue>);

/// The value of a setting, as written.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingValue {
    /// From the command line: parsed as whatever type the setting has.
    Text(String),
    /// From a configuration file or a request, with the type it has there.
    Typed(Value),
}

impl Settings {
    /// The value of `key`, if it was given.
    pub fn get(&self, key: &str) -> Option<&SettingValue> {
        self.0.get(key)
    }

    /// Sets `key` and returns true, or returns false if it already has a value, which it keeps.
    pub fn insert(&mut self, key: &str, value: SettingValue) -> bool {
        if self.0.contains_key(key) {
            return false;
        }
        self.0.insert(key.to_owned(), value);
        true
    }

    /// Makes the path in `key`, if it was given, relative to `folder`.
    pub(crate) fn make_relative_to(&mut self, folder: &Path, key: &str) {
        if let Some(SettingValue::Text(file) | SettingValue::Typed(Value::String(file))) = self.0.get_mut(key) {
            *file = folder.join(&*file).to_string_lossy().into_owned();
        }
    }

    /// The settings given, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SettingValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The source's own settings, without the common ones.
    pub(super) fn without_common(&self) -> Self {
        let is_common = |key: &str| COMMON_SETTINGS.iter().any(|setting| setting.name == key);
        Self(
            self.0.iter().filter(|(key, _)| !is_common(key)).map(|(key, value)| (key.clone(), value.clone())).collect(),
        )
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Reads them into a source's own settings struct.
    pub(crate) fn read<T: DeserializeOwned>(&self, source_name: &'static str) -> Result<T, SourceError> {
        let pairs = self.0.iter().map(|(key, value)| (key.as_str(), Setting { key, value }));
        T::deserialize(MapDeserializer::<_, Error>::new(pairs))
            .map_err(|error| SourceError::Setting { source_name, why: error.to_string() })
    }
}

impl FromIterator<(String, Value)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key, SettingValue::Typed(value))).collect())
    }
}

impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Typed(Value::String(text)) => f.write_str(text),
            Self::Typed(value) => value.fmt(f),
        }
    }
}

/// A setting being read into a struct; errors name its key.
///
/// A deserializer of its own because the type of a value on the command line is known only to the settings struct: any
/// format's own rules would read `file=12` as a number.
#[derive(Clone, Copy)]
struct Setting<'a> {
    key: &'a str,
    value: &'a SettingValue,
}

impl Setting<'_> {
    fn error(&self, why: impl fmt::Display) -> Error {
        Error::custom(format!("`{}`: {why}", self.key))
    }

    fn parse<T: FromStr>(&self, text: &str, expected: &str) -> Result<T, Error> {
        text.trim().parse().map_err(|_| self.error(format!("expected {expected}, not `{text}`")))
    }
}

impl<'de> IntoDeserializer<'de, Error> for Setting<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Parses text as the type that the struct asks for; typed values deserialize themselves.
macro_rules! scalar {
    ($($method:ident $visit:ident $kind:ty, $expected:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.value {
                SettingValue::Text(text) => {
                    let value = self.parse::<$kind>(text, $expected)?;
                    visitor.$visit(value).map_err(|error: Error| self.error(error))
                }
                SettingValue::Typed(value) => value.$method(visitor).map_err(|error| self.error(error)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Setting<'de> {
    type Error = Error;

    scalar! {
        deserialize_bool visit_bool bool, "`true` or `false`";
        deserialize_u8 visit_u64 u64, "a whole number of at least 0";
        deserialize_u16 visit_u64 u64, "a whole number of at least 0";
        deserialize_u32 visit_u64 u64, "a whole number of at least 0";
        deserialize_u64 visit_u64 u64, "a whole number of at least 0";
        deserialize_f32 visit_f64 f64, "a number";
        deserialize_f64 visit_f64 f64, "a number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            SettingValue::Text(text) => visitor.visit_borrowed_str(text).map_err(|error: Error| self.error(error)),
            SettingValue::Typed(value) => value.deserialize_any(visitor).map_err(|error| self.error(error)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            SettingValue::Typed(Value::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            SettingValue::Text(text) => {
                let text = IntoDeserializer::<Error>::into_deserializer(text.as_str());
                visitor.visit_enum(text).map_err(|error| self.error(error))
            }
            SettingValue::Typed(value) => {
                value.deserialize_enum(name, variants, visitor).map_err(|error| self.error(error))
            }
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use crate::SourceSpec;
    use bunraku_core::yaml;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Example {
        port: u16,
        speed: f64,
        #[serde(rename = "loop")]
        again: bool,
        file: String,
        host: Option<String>,
        mode: Mode,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Near,
        Far,
    }

    fn example() -> Example {
        Example {
            port: 7,
            speed: 0.5,
            again: true,
            file: "12".to_owned(),
            host: Some("a:1".to_owned()),
            mode: Mode::Far,
        }
    }

    #[test]
    fn text_and_yaml_read_as_the_same_struct() {
        let text: SourceSpec = "x:port=7,speed=0.5,loop=true,file=12,host=a:1,mode=far".parse().expect("well formed");
        let map = "{name: x, port: 7, speed: 0.5, loop: true, file: '12', host: 'a:1', mode: far}";
        let yaml: SourceSpec = yaml::from_str(map).expect("well formed");
        for spec in [text, yaml] {
            assert_eq!(spec.settings.read::<Example>("x"), Ok(example()));
        }
    }

    #[test]
    fn an_error_names_the_setting_and_its_value() {
        for (setting, wanted) in
            [("port=70000", "70000"), ("port=-1", "-1"), ("speed=fast", "fast"), ("loop=1", "`1`"), ("mode=up", "up")]
        {
            let spec: SourceSpec = format!("x:{setting}").parse().expect("well formed");
            let error = spec.settings.read::<Example>("x").expect_err(setting).to_string();
            let key = setting.split('=').next().expect("a key");
            assert!(error.contains(&format!("`{key}`")) && error.contains(wanted), "{error}");
        }
    }
}
