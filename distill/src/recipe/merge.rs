//! Merges a recipe over another, and suggests the nearest known name for a misspelt field.

use bunraku_core::suggest::nearest;
use serde_yaml::Value;

/// Merges `over` into `base`: maps field by field; anything else is replaced.
pub(super) fn merged(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Mapping(mut base), Value::Mapping(over)) => {
            for (field, value) in over {
                let value = match base.remove(&field) {
                    Some(old) => merged(old, value),
                    None => value,
                };
                base.insert(field, value);
            }
            Value::Mapping(base)
        }
        (_, over) => over,
    }
}

/// Adds the nearest known name to serde's message about an unknown one.
pub(super) fn with_nearest(message: &str) -> String {
    let unknown = ["unknown field `", "unknown variant `"].into_iter().find_map(|text| message.split_once(text));
    let Some((_, rest)) = unknown else { return message.to_owned() };
    // Between backticks come the unknown name, some words, then known names and commas in turn.
    let mut parts = rest.split('`');
    let name = parts.next().unwrap_or_default();
    match nearest(name, parts.skip(1).step_by(2)) {
        Some(known) => format!("{message}; did you mean `{known}`?"),
        None => message.to_owned(),
    }
}
