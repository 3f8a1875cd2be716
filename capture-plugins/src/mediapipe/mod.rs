//! The webcam: `MediaPipe`'s face landmarker (`spec/MEDIAPIPE.md`).
