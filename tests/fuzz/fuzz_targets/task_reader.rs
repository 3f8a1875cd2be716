//! The tracking models' bundle: the archive, the networks in it, their conversion, the face's geometry.

#![no_main]

use bunraku_capture::mediapipe::{
    models::{FaceGeometry, Network, TrackingModels},
    onnx,
    tflite::Graph,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = TrackingModels::from_task(bytes);
    let _ = FaceGeometry::read(bytes);
    if let Ok(graph) = Graph::read(bytes) {
        for network in Network::ALL {
            let _ = onnx::convert(&graph, &network.interface());
        }
    }
});
