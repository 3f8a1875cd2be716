//! Finds the 478 landmarks of the face in a region (`TRACKER.md` §4).

use super::{
    crop::{Border, Cropper},
    region::{PixelRegion, Region, rotation_of_eyes},
    runtime::{Layout, Network, NetworkError, Runtime, RuntimeError},
    view::Rgb8View,
};

/// The number of landmarks: 468 of the mesh, then five for each iris.
pub const LANDMARKS: usize = 478;

/// The landmarks of a face: x and y as fractions of the picture's width and height from its upper left corner, z as
/// relative depth in widths, smaller is nearer.
pub type Landmarks = [[f32; 3]; LANDMARKS];

/// The edge of the network's input in pixels, which are also the unit of its outputs.
const INPUT: usize = 256;
/// A face is present if its probability exceeds this.
const MIN_PRESENCE: f32 = 0.5;
/// The size of the next frame's region relative to the face.
const MARGIN: f64 = 1.5;
/// The outer corners of the left and right eye, as seen in the picture.
const OUTER_CORNERS: [usize; 2] = [33, 263];

const LAYOUT: Layout = Layout {
    network: "face landmarks",
    input: &[1, 3, INPUT, INPUT],
    outputs: &[("landmarks", 3 * LANDMARKS), ("presence_logit", 1)],
};

/// Finds the landmarks of a face.
pub(crate) struct LandmarkFinder {
    network: Box<dyn Network>,
    cropper: Cropper,
    planes: Vec<f32>,
    raw: Vec<f32>,
}

impl LandmarkFinder {
    /// Opens the network, an ONNX model, with this many threads.
    pub(crate) fn open(runtime: &Runtime, model: &[u8], threads: usize) -> Result<Self, RuntimeError> {
        Ok(Self {
            network: runtime.open(model, &LAYOUT, threads)?,
            cropper: Cropper::new(INPUT, Border::Edge, |byte| byte / 255.0),
            planes: vec![0.0; 3 * INPUT * INPUT],
            raw: vec![0.0; 3 * LANDMARKS],
        })
    }

    /// Writes the landmarks of the face in a region and returns its probability, 0 to 1; `None` if there is no face.
    pub(crate) fn find(
        &mut self,
        picture: Rgb8View<'_>,
        region: &Region,
        landmarks: &mut Landmarks,
    ) -> Result<Option<f32>, NetworkError> {
        let size = [picture.width() as f64, picture.height() as f64];
        let pixels = region.in_pixels(size);
        self.cropper.crop(picture, &pixels, &mut self.planes);
        let mut logit = [0.0];
        self.network.run(&self.planes, &mut [&mut self.raw, &mut logit])?;
        let presence = 1.0 / (1.0 + (-logit[0]).exp());
        let there = presence > MIN_PRESENCE && self.raw.iter().all(|value| value.is_finite());
        if there {
            project(&self.raw, &pixels, size, landmarks);
        }
        Ok(there.then_some(presence))
    }
}

/// Projects landmarks from the network's pixels to the picture.
fn project(raw: &[f32], region: &PixelRegion, [width, height]: [f64; 2], landmarks: &mut Landmarks) {
    let depth = (region.width * region.cos / width).hypot(region.width * region.sin / height);
    for (landmark, raw) in landmarks.iter_mut().zip(raw.as_chunks::<3>().0) {
        let [u, v, z] = raw.map(|value| f64::from(value) / INPUT as f64);
        let [x, y] = region.point(u, v);
        *landmark = [(x / width) as f32, (y / height) as f32, (z * depth) as f32];
    }
}

/// Where to look for the face in the next frame, given the picture's width and height.
pub(crate) fn next_region(landmarks: &Landmarks, [width, height]: [f64; 2]) -> Region {
    let extent = |axis: usize| {
        let values = landmarks.iter().map(|point| point[axis]);
        let (low, high) = (values.clone().fold(f32::INFINITY, f32::min), values.fold(f32::NEG_INFINITY, f32::max));
        (f64::from(low), f64::from(high))
    };
    let ((left, right), (top, bottom)) = (extent(0), extent(1));
    let side = MARGIN * ((right - left) * width).max((bottom - top) * height);
    let eye = |corner: usize| [f64::from(landmarks[corner][0]) * width, f64::from(landmarks[corner][1]) * height];
    Region {
        x: f64::midpoint(left, right),
        y: f64::midpoint(top, bottom),
        width: side / width,
        height: side / height,
        rotation: rotation_of_eyes(eye(OUTER_CORNERS[0]), eye(OUTER_CORNERS[1])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn landmarks_project_through_a_rotated_region_with_depth_in_widths() {
        let region = Region { x: 0.25, y: 0.5, width: 0.5, height: 0.5, rotation: 0.4 };
        let raw: Vec<f32> = (0..LANDMARKS).flat_map(|_| [128.0, 128.0, 256.0]).collect();
        let mut landmarks = [[0.0; 3]; LANDMARKS];
        project(&raw, &region.in_pixels([400.0, 400.0]), [400.0, 400.0], &mut landmarks);
        for (found, expected) in landmarks[7].into_iter().zip([0.25, 0.5, 0.5]) {
            assert!((found - expected).abs() < 1e-6, "{landmarks:?}");
        }
    }

    #[test]
    fn the_next_region_is_a_square_around_the_face() {
        let mut landmarks = [[0.5, 0.5, 0.0]; LANDMARKS];
        landmarks[0] = [0.4, 0.5, 0.0];
        landmarks[1] = [0.6, 0.9, 0.0];
        landmarks[33] = [0.45, 0.5, 0.0];
        landmarks[263] = [0.55, 0.6, 0.0];
        let region = next_region(&landmarks, [800.0, 400.0]);
        assert!((region.x - 0.5).abs() < 1e-6 && (region.y - 0.7).abs() < 1e-6, "{region:?}");
        assert!((region.width * 800.0 - 240.0).abs() < 1e-3 && (region.height * 400.0 - 240.0).abs() < 1e-3);
        assert!((region.rotation - f64::atan2(40.0, 80.0)).abs() < 1e-6, "{region:?}");
    }
}
