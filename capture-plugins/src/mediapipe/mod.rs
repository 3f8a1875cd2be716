//! The webcam: `MediaPipe`'s face landmarker (`spec/MEDIAPIPE.md`).

pub mod camera;
pub mod frames;
pub mod view;
