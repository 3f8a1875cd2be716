//! The webcam: `MediaPipe`'s face landmarker (`spec/MEDIAPIPE.md`).

pub mod camera;
pub mod frames;
pub mod models;
pub mod onnx;
pub mod tflite;
pub mod view;
