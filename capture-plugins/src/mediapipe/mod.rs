//! Webcam face tracking: `MediaPipe`'s face landmarker (`TRACKER.md`).

mod blendshapes;
pub mod camera;
mod crop;
pub mod detection;
mod detector;
pub mod frames;
mod geometry;
mod landmarks;
pub mod models;
pub mod onnx;
mod region;
mod runtime;
mod smoothing;
pub mod source;
pub mod tflite;
mod timing;
mod tracker;
mod view;

pub use detection::{Detection, PROFILE};
pub(crate) use source::INFO;
pub use {
    blendshapes::BLENDSHAPE_NAMES,
    landmarks::{LANDMARKS, Landmarks},
    region::Region,
    runtime::{NetworkError, RuntimeChoice, RuntimeError, RuntimeReport, describe as describe_runtime},
    timing::Timings,
    tracker::{Face, FaceTracker, Mode, Preference, TrackError, TrackerOptions},
    view::{LARGEST_EDGE, Rgb8View, ViewError},
};
