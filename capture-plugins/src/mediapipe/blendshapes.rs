//! Computes the 52 expression scores from the landmarks (`TRACKER.md` §6).

use super::{
    landmarks::Landmarks,
    runtime::{Layout, Network, NetworkError, Runtime, RuntimeError},
};

/// The names of the scores, in order. The first, `_neutral`, is not an expression.
pub const BLENDSHAPE_NAMES: [&str; 52] = [
    "_neutral",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "eyeLookDownLeft",
    "eyeLookDownRight",
    "eyeLookInLeft",
    "eyeLookInRight",
    "eyeLookOutLeft",
    "eyeLookOutRight",
    "eyeLookUpLeft",
    "eyeLookUpRight",
    "eyeSquintLeft",
    "eyeSquintRight",
    "eyeWideLeft",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthFunnel",
    "mouthLeft",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "noseSneerLeft",
    "noseSneerRight",
];

/// The landmarks that the network uses; the last ten are the irises.
const POINTS: [usize; 146] = [
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251,
    263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318,
    321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
];

const LAYOUT: Layout = Layout {
    network: "blendshapes",
    input: &[1, POINTS.len(), 2],
    outputs: &[("blendshapes", BLENDSHAPE_NAMES.len())],
};

/// Scores the expression of a face.
pub(crate) struct Blendshapes {
    network: Box<dyn Network>,
    points: [f32; 2 * POINTS.len()],
}

impl Blendshapes {
    /// Opens the network, an ONNX model.
    pub(crate) fn open(runtime: &Runtime, model: &[u8]) -> Result<Self, RuntimeError> {
        Ok(Self { network: runtime.open(model, &LAYOUT, 1)?, points: [0.0; 2 * POINTS.len()] })
    }

    /// The scores of a face in a picture of the given width and height in pixels.
    pub(crate) fn score(
        &mut self,
        landmarks: &Landmarks,
        [width, height]: [f32; 2],
    ) -> Result<[f32; BLENDSHAPE_NAMES.len()], NetworkError> {
        for (point, landmark) in self.points.chunks_exact_mut(2).zip(POINTS) {
            let [x, y, _] = landmarks[landmark];
            point.copy_from_slice(&[x * width, y * height]);
        }
        let mut scores = [0.0; BLENDSHAPE_NAMES.len()];
        self.network.run(&self.points, &mut [&mut scores])?;
        Ok(scores)
    }
}
