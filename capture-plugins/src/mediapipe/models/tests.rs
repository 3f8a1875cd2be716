//! The official bundle, where it is at hand.

use super::*;
use rten::{Model, ValueOrView};
use rten_tensor::prelude::*;
use std::path::PathBuf;

/// A file of the material beside the repository, which is not part of it.
fn shared(path: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/mediapipe")).join(path);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        eprintln!("skipped: {} is not here", path.display());
    }
    bytes
}

/// Numbers without a pattern from -1 to 1, the same at every run (xorshift).
fn noise(count: usize) -> Vec<f32> {
    let mut state = 0x9E37_79B9_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / (u32::MAX / 2) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn run(model: Vec<u8>, interface: &crate::mediapipe::onnx::Interface, input: &[f32]) -> Vec<Vec<f32>> {
    let model = Model::load(model).expect("rten reads it");
    let input = rten_tensor::Tensor::from_data(interface.input.shape, input.to_vec());
    let id = |name| model.node_id(name).expect("it is called so");
    let outputs: Vec<_> = interface.outputs.iter().map(|port| id(port.name)).collect();
    let results = model.run(vec![(id(interface.input.name), ValueOrView::from(input.view()))], &outputs, None);
    let results = results.expect("it runs").into_iter().zip(interface.outputs);
    let checked = results.map(|(result, port)| {
        let result: rten_tensor::Tensor<f32> = result.try_into().expect("floats");
        assert_eq!(result.shape(), port.shape, "{}", port.name);
        result.to_vec()
    });
    checked.collect()
}

#[test]
fn the_networks_compute_what_the_reference_conversions_do() {
    let Some(bundle) = shared("face_landmarker.task") else { return };
    let models = TrackingModels::from_task(&bundle).expect("the official bundle");
    for network in Network::ALL {
        let interface = network.interface();
        let Some(reference) = shared(&format!("models/{}.onnx", interface.name)) else { return };
        let count = interface.input.shape.iter().product();
        // Points of a face are not around 0: their spread divides.
        let input: Vec<f32> = noise(count).into_iter().map(|number| number * 0.5 + 0.5).collect();
        let ours = run(models.network(network).to_vec(), &interface, &input);
        let theirs = run(reference, &interface, &input);
        for ((ours, theirs), port) in ours.iter().zip(&theirs).zip(interface.outputs) {
            let error = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error <= 1e-4, "{}: {error}", port.name);
            assert!(
                theirs.iter().any(|number| *number != theirs[0]) || theirs.len() == 1,
                "{} says nothing",
                port.name
            );
        }
    }
}
