//! Reads the teacher's golden data for the tests.

use bunraku_core::character::Weights;
use bunraku_test_support::shared;
use serde_json::Value;

use super::{architecture::Module, formula};

/// A JSON file of the teacher's golden data; `None`, with the test skipped, without it.
pub(super) fn json(name: &str) -> Option<Value> {
    let bytes = std::fs::read(shared(format!("tha4/golden/teacher/{name}"))?).expect("golden data can be read");
    Some(serde_json::from_slice(&bytes).expect("golden data is JSON"))
}

pub(super) fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number") as f32).collect()
}

pub(super) fn weights(module: Module) -> Weights {
    formula::weights(module)
}

/// The float32 values of a `.npy` file.
pub(super) fn npy(name: &str) -> Vec<f32> {
    let path = shared(format!("tha4/golden/teacher/{name}")).expect("the golden crop is there");
    let bytes = std::fs::read(path).expect("golden data can be read");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let (values, _) = bytes[10 + header..].as_chunks::<4>();
    values.iter().map(|&value| f32::from_le_bytes(value)).collect()
}
