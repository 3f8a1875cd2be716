//! Weights made by a formula (`core/spec/goldens.md`): every program that follows it gets the same teacher, bit for
//! bit. They stand in for the published weights in tests, in benchmarks, and for users who do not have those.

use bunraku_core::{
    character::{Tensor, Weights},
    random::{STEP, mix},
};
use rayon::prelude::*;
use std::collections::BTreeMap;

use super::architecture::Module;

/// Elements made by one task.
const CHUNK: usize = 1 << 16;

/// The tensors of a module.
pub(super) fn weights(module: Module) -> Weights {
    let shapes = module.shapes();
    Weights(shapes.into_par_iter().map(|(key, shape)| tensor(module, key, shape)).collect::<BTreeMap<_, _>>())
}

fn tensor(module: Module, key: String, shape: Vec<usize>) -> (String, Tensor) {
    let full = format!("{}.{key}", module.name());
    let count = shape.iter().product::<usize>();
    let row = count / shape[0].max(1);
    let mut values = unit(&full, count);
    match shape.len() {
        0 | 1 if key.ends_with(".weight") => values.par_iter_mut().for_each(|v| *v = 1.0 + 0.1_f32 * *v),
        0 | 1 => values.par_iter_mut().for_each(|v| *v *= 0.05),
        _ => values.par_chunks_mut(row).enumerate().for_each(|(index, values)| {
            let scale = ((6.0 / row as f64).sqrt() * gain(&full, index)) as f32;
            for value in values {
                *value *= scale;
            }
        }),
    }
    (key, Tensor { shape, values })
}

/// Keeps grids and last layers small, so that formula weights warp and paint a picture by plausible amounts.
fn gain(key: &str, row: usize) -> f64 {
    match () {
        () if key.ends_with("grid_change.weight") => 0.05,
        () if key.ends_with("body.last.2.weight") && (4..6).contains(&row) => 0.05,
        () if key.ends_with("body.last.2.weight") => 0.25,
        () => 1.0,
    }
}

/// `count` pseudo-random numbers in [-1, 1), named by `key`.
pub(crate) fn unit(key: &str, count: usize) -> Vec<f32> {
    let seed = fnv1a(key.as_bytes());
    let mut values = vec![0.0; count];
    values.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, values)| {
        let first = (chunk * CHUNK) as u64;
        for (index, value) in (first..).zip(values) {
            *value = (split_mix(seed, index) >> 40) as f32 * (1.0 / 8_388_608.0) - 1.0;
        }
    });
    values
}

/// FNV-1a, 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Element `index` of the [SplitMix64](bunraku_core::random::SplitMix64) sequence of `seed`.
fn split_mix(seed: u64, index: u64) -> u64 {
    mix(seed.wrapping_add((index + 1).wrapping_mul(STEP)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teacher::tha4::golden;

    #[test]
    fn golden_vectors_match() {
        let Some(vectors) = golden::json("formula_test_vectors.json") else { return };
        let vectors = vectors.as_array().expect("a list");
        assert!(!vectors.is_empty());
        for vector in vectors {
            let key = vector["key"].as_str().expect("a key");
            assert_eq!(format!("{:016x}", fnv1a(key.as_bytes())), vector["fnv1a64"], "{key}");
            assert_eq!(unit(key, 6), golden::numbers(&vector["unit_first6"]), "{key}");
        }
    }

    #[test]
    fn golden_tensors_match() {
        let Some(manifest) = golden::json("state_dict_manifest.json") else { return };
        for module in Module::ALL {
            let tensors = manifest[module.name()]["tensors"].as_array().expect("a list");
            let weights = golden::weights(module);
            assert_eq!(weights.0.len(), tensors.len(), "{}", module.name());
            for entry in tensors {
                let key = entry["key"].as_str().expect("a key");
                let ours = weights.0.get(key).unwrap_or_else(|| panic!("{key} is ours"));
                assert_eq!(serde_json::json!(ours.shape), entry["shape"], "{key}");
                let first = golden::numbers(&entry["formula_first4"]);
                assert_eq!(ours.values[..first.len()], first, "{key}");
                assert_eq!(ours.values.last().copied(), entry["formula_last"].as_f64().map(|v| v as f32), "{key}");
                let sum = ours.values.iter().map(|&v| f64::from(v)).sum::<f64>();
                let expected = entry["formula_sum"].as_f64().expect("a number");
                assert!((sum - expected).abs() < 1e-6 * expected.abs().max(1.0), "{key}: {sum} {expected}");
            }
        }
    }
}
