//! The three networks: their file names, inputs and outputs (`TRACKER.md` §1).

use crate::mediapipe::onnx::{Interface, Port};

/// One of the face landmarker's networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Detects faces: `image` [1, 3, 128, 128], RGB from -1 to 1, to `regressors` [1, 896, 16] and `scores` [1, 896, 1],
    /// which are logits.
    Detector,
    /// Finds the landmarks of a face: `image` [1, 3, 256, 256], RGB from 0 to 1, to `landmarks` [1, 478, 3] in pixels of
    /// the image, `presence_logit` [1, 1] and `aux_score` [1, 1].
    Landmarks,
    /// Scores a face's expression: `points` [1, 146, 2] to `blendshapes` [1, 52], from 0 to 1.
    Blendshapes,
}

impl Network {
    /// All networks.
    pub const ALL: [Self; 3] = [Self::Detector, Self::Landmarks, Self::Blendshapes];

    /// Its file name in the bundle.
    pub fn entry(self) -> &'static str {
        match self {
            Self::Detector => "face_detector.tflite",
            Self::Landmarks => "face_landmarks_detector.tflite",
            Self::Blendshapes => "face_blendshapes.tflite",
        }
    }

    /// Its file name once installed.
    pub fn file(self) -> &'static str {
        match self {
            Self::Detector => "face_detector.onnx",
            Self::Landmarks => "face_landmarks_detector.onnx",
            Self::Blendshapes => "face_blendshapes.onnx",
        }
    }

    /// The inputs and outputs of its ONNX file.
    pub fn interface(self) -> Interface {
        const fn port(name: &'static str, shape: &'static [usize]) -> Port {
            Port { name, shape }
        }
        match self {
            Self::Detector => Interface {
                name: "face_detector",
                input: port("image", &[1, 3, 128, 128]),
                outputs: &const { [port("regressors", &[1, 896, 16]), port("scores", &[1, 896, 1])] },
            },
            Self::Landmarks => Interface {
                name: "face_landmarks_detector",
                input: port("image", &[1, 3, 256, 256]),
                outputs: &const {
                    [port("landmarks", &[1, 478, 3]), port("presence_logit", &[1, 1]), port("aux_score", &[1, 1])]
                },
            },
            Self::Blendshapes => Interface {
                name: "face_blendshapes",
                input: port("points", &[1, 146, 2]),
                outputs: &const { [port("blendshapes", &[1, 52])] },
            },
        }
    }
}
