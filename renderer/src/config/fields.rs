//! The fields of a configuration, taken one by one, so that everything wrong with it is found at once.

use super::{Profiles, wrong};
use bunraku_capture::registry;
use bunraku_core::{
    profile::{Profile, ProfileSettings},
    suggest::nearest,
};
use serde::de::DeserializeOwned;
use serde_yaml::{Mapping, Value};
use std::{fmt::Display, ops::RangeInclusive};

/// The fields not yet taken, and what was wrong so far.
pub(super) struct Fields {
    /// The field these are in, with a dot, or empty.
    within: String,
    map: Mapping,
    known: Vec<&'static str>,
    pub(super) problems: Vec<String>,
}

impl Fields {
    /// Reads the text's top level.
    pub(super) fn read(text: &str) -> Result<Self, Vec<String>> {
        let value = serde_yaml::from_str(text).map_err(|error| vec![format!("it is not YAML: {error}")])?;
        Self::of(String::new(), value).ok_or_else(|| vec!["it is not a map of fields such as `size: 512`".to_owned()])
    }

    fn of(within: String, value: Value) -> Option<Self> {
        let map = match value {
            Value::Null => Mapping::new(),
            Value::Mapping(map) => map,
            _ => return None,
        };
        Some(Self { within, map, known: vec![], problems: vec![] })
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.within)
    }

    fn take_value(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// The field `name`, if it is there and can be read.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let value = self.take_value(name)?;
        let read = serde_yaml::from_value(value);
        read.map_err(|error| self.problems.push(wrong(&self.path(name), with_nearest(&error.to_string())))).ok()
    }

    /// The field `name`, if it is there and within `range`.
    pub(super) fn take_in_range<T>(&mut self, name: &'static str, range: RangeInclusive<T>) -> Option<T>
    where
        T: DeserializeOwned + PartialOrd + Display,
    {
        let value = self.take(name)?;
        if range.contains(&value) {
            return Some(value);
        }
        let why = format!("{value} is not within {} to {}", range.start(), range.end());
        self.problems.push(wrong(&self.path(name), why));
        None
    }

    /// The fields within the field `name`.
    fn within(&mut self, name: &'static str) -> Option<Self> {
        let value = self.take_value(name)?;
        let inner = Self::of(format!("{}.", self.path(name)), value);
        if inner.is_none() {
            self.problems.push(wrong(&self.path(name), "it is not a map of fields"));
        }
        inner
    }

    /// All that was wrong, what was not taken too.
    pub(super) fn finish(mut self) -> Result<(), Vec<String>> {
        let unknown: Vec<String> = self.map.keys().map(|key| self.unknown(key)).collect();
        self.problems.extend(unknown);
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }

    fn unknown(&self, key: &Value) -> String {
        let name = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
        let hint = match nearest(&name, self.known.iter().copied()) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("known are {}", self.known.join(", ")),
        };
        format!("unknown field `{}`: {hint}", self.path(&name))
    }
}

/// Serde lists all known names of an unknown one; the nearest is put in front.
fn with_nearest(message: &str) -> String {
    let Some((_, rest)) = message.split_once("unknown field `").or_else(|| message.split_once("unknown variant `"))
    else {
        return message.to_owned();
    };
    // Backticks part the unknown name, words, then in turn a known name and the comma after it.
    let mut parts = rest.split('`');
    let name = parts.next().unwrap_or_default();
    let known = parts.skip(1).step_by(2);
    match nearest(name, known) {
        Some(known) => format!("did you mean `{known}`? ({message})"),
        None => message.to_owned(),
    }
}

/// The settings of every profile that a source has.
pub(super) fn profiles(fields: &mut Fields) -> Profiles {
    let Some(mut inner) = fields.within("profiles") else { return Profiles::default() };
    let mut profiles: Vec<(Profile, ProfileSettings)> = vec![];
    for profile in registry().iter().map(|info| info.profile) {
        if profiles.iter().all(|(known, _)| *known != profile) {
            profiles.push((profile, profile_settings(&mut inner, profile)));
        }
    }
    fields.problems.extend(inner.finish().err().into_iter().flatten());
    Profiles(profiles)
}

fn profile_settings(fields: &mut Fields, profile: Profile) -> ProfileSettings {
    let Some(value) = fields.take_value(profile.name) else { return ProfileSettings::default() };
    let text = serde_yaml::to_string(&value).map_err(|error| error.to_string());
    let read = text.and_then(|text| ProfileSettings::from_yaml(profile, &text).map_err(|error| error.to_string()));
    read.unwrap_or_else(|why| {
        fields.problems.push(wrong(&fields.path(profile.name), why));
        ProfileSettings::default()
    })
}
