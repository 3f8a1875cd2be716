//! Tests with the official bundle, which is not part of the repository.

use super::*;
use rten::{Model, ValueOrView};
use rten_tensor::prelude::*;
use std::path::Path;

/// A file of the reference data.
fn shared(path: &str) -> Option<Vec<u8>> {
    let path = bunraku_test_support::shared(Path::new("mediapipe").join(path))?;
    Some(std::fs::read(path).expect("a file can be read"))
}

/// Pseudo-random numbers from -1 to 1, the same in every run (xorshift).
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
    let id = |name| model.node_id(name).expect("the node exists");
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
        // Keep the points away from 0, since the network divides by their spread.
        let input: Vec<f32> = noise(count).into_iter().map(|number| number * 0.5 + 0.5).collect();
        let ours = run(models.network(network).to_vec(), &interface, &input);
        let theirs = run(reference, &interface, &input);
        for ((ours, theirs), port) in ours.iter().zip(&theirs).zip(interface.outputs) {
            let error = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error <= 1e-4, "{}: {error}", port.name);
            assert!(theirs.iter().any(|number| *number != theirs[0]) || theirs.len() == 1, "{} is constant", port.name);
        }
    }
}

/// A folder with models installed from the official bundle.
fn installed() -> Option<tempfile::TempDir> {
    let bundle = shared("face_landmarker.task")?;
    let folder = tempfile::tempdir().expect("a folder");
    let models = task::Converted::from_task(&bundle).expect("the official bundle");
    store::write(folder.path(), "a test", &bundle, &models).expect("written");
    Some(folder)
}

#[test]
fn installed_models_load_as_converted() {
    let (Some(folder), Some(bundle)) = (installed(), shared("face_landmarker.task")) else { return };
    let loaded = load(folder.path()).expect("whole");
    assert_eq!(loaded, TrackingModels::from_task(&bundle).expect("the official bundle"));
    assert_eq!(loaded.geometry.basis.len(), 33);
    let close = |weights: f32| (weights - 1.055).abs() < 1e-3;
    assert!(close(loaded.geometry.basis.iter().map(|point| point.weight).sum()));
    assert!(inventory(folder.path()).usable);
}

#[test]
fn without_models_the_error_names_the_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = load(folder.path()).expect_err("nothing is there").to_string();
    assert!(error.contains("`bunraku models install`"), "{error}");
}

#[test]
fn damage_to_any_file_is_detected() {
    let Some(folder) = installed() else { return };
    for entry in std::fs::read_dir(folder.path()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("there");
        let mut odd = bytes.clone();
        odd[bytes.len() / 2] ^= 0x80;
        for damaged in [&odd[..], &bytes[..bytes.len() / 2], &[]] {
            std::fs::write(&path, damaged).expect("written");
            let error = load(folder.path()).expect_err("damaged");
            assert!(matches!(error, ModelsError::Damaged { .. }), "{}: {error}", path.display());
            assert!(error.to_string().contains("`bunraku models install`"), "{error}");
            assert!(!inventory(folder.path()).usable);
        }
        std::fs::remove_file(&path).expect("removed");
        load(folder.path()).expect_err("missing");
        std::fs::write(&path, bytes).expect("restored");
    }
    load(folder.path()).expect("whole again");
}

mod hostile {
    use super::*;
    use crate::mediapipe::{onnx, tflite::Graph};
    use bunraku_core::archive::Archive;
    use proptest::prelude::*;
    use std::sync::OnceLock;

    /// The official bundle, or the smallest possible archive without it.
    fn bundle() -> &'static [u8] {
        static BUNDLE: OnceLock<Vec<u8>> = OnceLock::new();
        BUNDLE.get_or_init(|| shared("face_landmarker.task").unwrap_or_else(|| b"PK\x05\x06".to_vec()))
    }

    fn convert(network: Network, file: &[u8]) {
        if let Ok(graph) = Graph::read(file) {
            let _ = onnx::convert(&graph, &network.interface());
        }
    }

    proptest! {
        // Each case reads megabytes; a few hundred take seconds.
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_bundle_cut_anywhere_is_refused(cut in any::<prop::sample::Index>()) {
            let whole = bundle();
            TrackingModels::from_task(&whole[..cut.index(whole.len())]).expect_err("cut short");
        }

        #[test]
        fn a_bundle_with_odd_bytes_never_panics(
            flips in prop::collection::vec((0..500_usize, any::<u8>()), 1..8), at_end in any::<bool>(),
        ) {
            let mut file = bundle().to_vec();
            let len = file.len();
            for (at, byte) in flips {
                // The archive's directory is at the end.
                let at = at.min(len - 1);
                file[if at_end { len - 1 - at } else { at }] = byte;
            }
            let _ = TrackingModels::from_task(&file);
        }

        #[test]
        fn a_network_with_odd_bytes_never_panics(
            network in prop::sample::select(&Network::ALL[..]),
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        ) {
            let archive = Archive::open(bundle());
            let Some(file) = archive.ok().and_then(|archive| archive.read(network.entry()).ok()) else { return Ok(()) };
            let mut file = file.to_vec();
            // The tables are at both ends, with the weights between them.
            let len = file.len();
            let ends = |at: usize| if at < 4_000 { at } else { len - (at - 3_999) };
            for (at, byte) in flips {
                let at = ends(at.index(44_000));
                file[at] = byte;
            }
            convert(network, &file);
        }

        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            TrackingModels::from_task(&bytes).expect_err("no bundle");
            let network = [&b"\x08\0\0\0TFL3"[..], &bytes].concat();
            convert(Network::Detector, &network);
        }
    }
}
