//! Merges a recipe over another.

use bunraku_core::yaml::Value;

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
