//! What the tests share: the golden data, where it is at hand.

use std::path::{Path, PathBuf};

use bunraku_core::character::Weights;
use serde_json::Value;

use super::{architecture::Module, formula};

pub(super) fn folder() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/tha4")).to_owned()
}

/// A JSON file of the teacher's golden data; without it says so, and the test has nothing to compare with.
pub(super) fn json(name: &str) -> Option<Value> {
    let path = folder().join("golden/teacher").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).expect("golden data is JSON")),
        Err(error) => {
            eprintln!("skipped: {} cannot be read: {error}", path.display());
            None
        }
    }
}

pub(super) fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number") as f32).collect()
}

pub(super) fn weights(module: Module) -> Weights {
    formula::weights(module)
}

/// The float32 values of a `.npy` file.
pub(super) fn npy(name: &str) -> Vec<f32> {
    let bytes = std::fs::read(folder().join("golden/teacher").join(name)).expect("the golden crop is there");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let (values, _) = bytes[10 + header..].as_chunks::<4>();
    values.iter().map(|&value| f32::from_le_bytes(value)).collect()
}
