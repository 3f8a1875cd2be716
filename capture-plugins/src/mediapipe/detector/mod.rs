//! Detects the faces in a picture (`TRACKER.md` §3).

mod decode;
mod suppression;

use super::{
    crop::{Border, Cropper},
    region::{Region, rotation_of_eyes},
    runtime::{Layout, Network, NetworkError, Runtime, RuntimeError},
    tracker::Preference,
    view::Rgb8View,
};
use decode::{ANCHORS, Anchors, REGRESSORS};
use suppression::merge_overlapping;

/// The edge of the network's input in pixels.
const INPUT: usize = 128;
/// The size of a face's region relative to its detected box.
const MARGIN: f64 = 1.5;

const LAYOUT: Layout = Layout {
    network: "face detector",
    input: &[1, 3, INPUT, INPUT],
    outputs: &[("regressors", ANCHORS * REGRESSORS), ("scores", ANCHORS)],
};

/// The number of points found in each face: eyes, nose, mouth, ears.
const KEYPOINTS: usize = 6;

/// A detected face, in fractions of the square that was searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Detection {
    /// Its score, 0 to 1.
    score: f64,
    /// Left, top, right, bottom.
    corners: [f64; 4],
    /// The first two are the left and the right eye, as seen in the picture.
    keypoints: [[f64; 2]; KEYPOINTS],
}

/// Detects faces.
pub(crate) struct Detector {
    network: Box<dyn Network>,
    cropper: Cropper,
    anchors: Anchors,
    planes: Vec<f32>,
    regressors: Vec<f32>,
    scores: Vec<f32>,
    candidates: Vec<Detection>,
    faces: Vec<Detection>,
    regions: Vec<Region>,
}

impl Detector {
    /// Opens the network, an ONNX model.
    pub(crate) fn open(runtime: &Runtime, model: &[u8]) -> Result<Self, RuntimeError> {
        Ok(Self {
            network: runtime.open(model, &LAYOUT, 1)?,
            cropper: Cropper::new(INPUT, Border::Zero, |byte| byte / 127.5 - 1.0),
            anchors: Anchors::new(),
            planes: vec![0.0; 3 * INPUT * INPUT],
            regressors: vec![0.0; ANCHORS * REGRESSORS],
            scores: vec![0.0; ANCHORS],
            candidates: Vec::with_capacity(ANCHORS),
            faces: Vec::with_capacity(ANCHORS),
            regions: Vec::with_capacity(ANCHORS),
        })
    }

    /// The regions of all faces, in order of preference.
    pub(crate) fn find(&mut self, picture: Rgb8View<'_>, preference: Preference) -> Result<&[Region], NetworkError> {
        let size = [picture.width() as f64, picture.height() as f64];
        let side = size[0].max(size[1]);
        let square = Region { x: 0.5, y: 0.5, width: side / size[0], height: side / size[1], rotation: 0.0 };
        self.cropper.crop(picture, &square.in_pixels(size), &mut self.planes);
        self.network.run(&self.planes, &mut [&mut self.regressors, &mut self.scores])?;
        self.candidates.clear();
        self.candidates.extend(self.anchors.decode(&self.regressors, &self.scores));
        merge_overlapping(&mut self.candidates, &mut self.faces);
        if preference == Preference::Largest {
            self.faces.sort_by(|a, b| b.area().total_cmp(&a.area()));
        }
        self.regions.clear();
        self.regions.extend(self.faces.iter().map(|face| face.region(size)));
        Ok(&self.regions)
    }
}

impl Detection {
    fn area(&self) -> f64 {
        let [left, top, right, bottom] = self.corners;
        (right - left) * (bottom - top)
    }

    /// The region in which to find the landmarks, in a picture of the given width and height.
    fn region(&self, [width, height]: [f64; 2]) -> Region {
        let side = width.max(height);
        let pixel = |[x, y]: [f64; 2]| [(x - 0.5) * side + 0.5 * width, (y - 0.5) * side + 0.5 * height];
        let [left, top, right, bottom] = self.corners;
        let [x, y] = pixel([f64::midpoint(left, right), f64::midpoint(top, bottom)]);
        Region {
            x: x / width,
            y: y / height,
            width: MARGIN * (right - left) * side / width,
            height: MARGIN * (bottom - top) * side / height,
            rotation: rotation_of_eyes(pixel(self.keypoints[0]), pixel(self.keypoints[1])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detection_becomes_a_region_of_the_picture() {
        let mut face = Detection { score: 0.9, corners: [0.4, 0.4, 0.6, 0.6], keypoints: [[0.5; 2]; KEYPOINTS] };
        face.keypoints[1] = [0.6, 0.6];
        let region = face.region([400.0, 200.0]);
        let expected = Region { x: 0.5, y: 0.5, width: 0.3, height: 0.6, rotation: std::f64::consts::FRAC_PI_4 };
        for (found, expected) in [
            (region.x, expected.x),
            (region.y, expected.y),
            (region.width, expected.width),
            (region.height, expected.height),
            (region.rotation, expected.rotation),
        ] {
            assert!((found - expected).abs() < 1e-12, "{region:?}");
        }
    }
}
