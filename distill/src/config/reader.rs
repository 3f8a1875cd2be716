//! Reads a configuration's text field by field, and collects all errors. serde stops at the first one, so it does not
//! fit.

use super::{
    MorpherTraining,
    error::{ConfigError, InvalidConfig, Wanted, shown},
    fields::{BACKEND, FIELDS, SAMPLE_OUTPUT_INTERVALS, TrainingFields},
};
use crate::backend::Accelerator;
use bunraku_core::{
    suggest,
    yaml::{self, Mapping, Value},
};
use std::{
    ops::RangeInclusive,
    path::{Component, Path, PathBuf},
};

/// Reads fields one by one and goes on after an error. A field with an error gets its default.
pub(super) struct Reader {
    map: Mapping,
    pub(super) errors: Vec<ConfigError>,
}

impl Reader {
    pub(super) fn new(text: &str) -> Result<Self, InvalidConfig> {
        let failed = |error| InvalidConfig { errors: vec![error], paths: Box::default() };
        let value = yaml::from_str(text).map_err(|error| failed(error.into()))?;
        let Value::Mapping(map) = value else { return Err(failed(ConfigError::NotAMap)) };
        let errors = map.keys().filter_map(unknown).collect();
        Ok(Self { map, errors })
    }

    pub(super) fn path_or(&mut self, field: &'static str, default: &str) -> Option<PathBuf> {
        if self.map.contains_key(field) { self.path(field) } else { Some(PathBuf::from(default)) }
    }

    /// A path, which may be missing if `optional`.
    pub(super) fn path_unless(&mut self, optional: bool, field: &'static str) -> Option<PathBuf> {
        if optional && !self.map.contains_key(field) { None } else { self.path(field) }
    }

    pub(super) fn backend(&mut self) -> Accelerator {
        let Some(value) = self.map.get(BACKEND) else { return Accelerator::default() };
        value.as_str().and_then(|name| name.parse().ok()).unwrap_or_else(|| {
            self.errors.push(wrong(BACKEND, Wanted::Backend, value));
            Accelerator::default()
        })
    }

    pub(super) fn path(&mut self, field: &'static str) -> Option<PathBuf> {
        match self.map.get(field) {
            None => self.errors.push(ConfigError::Missing(field)),
            Some(Value::String(name)) if !name.is_empty() && !name.contains('\0') => {
                let path = PathBuf::from(name);
                if !climbs_out(&path) {
                    return Some(path);
                }
                self.errors.push(ConfigError::Escapes { field, path });
            }
            Some(value) => self.errors.push(wrong(field, Wanted::Path, value)),
        }
        None
    }

    pub(super) fn training(&mut self, fields: TrainingFields, seeds: [u64; 2]) -> MorpherTraining {
        let [seed_0, seed_1] = fields.seeds;
        MorpherTraining {
            random_seeds: [self.whole(seed_0, 0..=u64::MAX, seeds[0]), self.whole(seed_1, 0..=u64::MAX, seeds[1])],
            examples_per_sample_output: self.interval(fields.sample_interval),
            batch_size: self.whole(fields.batch_size, 1..=8, 8),
        }
    }

    pub(super) fn whole(&mut self, field: &'static str, range: RangeInclusive<u64>, default: u64) -> u64 {
        let Some(value) = self.map.get(field) else { return default };
        value.as_u64().filter(|number| range.contains(number)).unwrap_or_else(|| {
            self.errors.push(wrong(field, Wanted::Whole(range), value));
            default
        })
    }

    fn interval(&mut self, field: &'static str) -> Option<u64> {
        match self.map.get(field) {
            None => Some(SAMPLE_OUTPUT_INTERVALS[0]),
            Some(Value::Null) => None,
            Some(value) => {
                let interval = value.as_u64().filter(|interval| SAMPLE_OUTPUT_INTERVALS.contains(interval));
                if interval.is_none() {
                    self.errors.push(wrong(field, Wanted::Interval, value));
                }
                interval
            }
        }
    }
}

fn wrong(field: &'static str, wanted: Wanted, value: &Value) -> ConfigError {
    ConfigError::Value { field, wanted, value: value.clone() }
}

fn unknown(key: &Value) -> Option<ConfigError> {
    let field = key.as_str().map_or_else(|| shown(key), str::to_owned);
    let nearest = suggest::nearest(&field, FIELDS);
    (!FIELDS.contains(&field.as_str())).then_some(ConfigError::Unknown { field, nearest })
}

/// Whether a relative path climbs above its start. An absolute path is explicit and allowed.
pub(super) fn climbs_out(path: &Path) -> bool {
    let mut depth = 0;
    let steps = path.components().map(|component| match component {
        Component::ParentDir => -1,
        Component::Normal(_) => 1,
        Component::Prefix(_) | Component::RootDir | Component::CurDir => 0,
    });
    !path.is_absolute()
        && steps.into_iter().any(|step| {
            depth += step;
            depth < 0
        })
}
