//! Places the head by fitting the canonical face to the landmarks (`TRACKER.md` §7).

mod procrustes;

use super::{landmarks::Landmarks, models::FaceGeometry};
use procrustes::{Correspondence, align};

/// The number of landmarks without the irises.
const MESH: usize = 468;
/// The tangent of half the camera's vertical field of view (63 degrees): half the height of the near plane at 1 cm.
const HALF_HEIGHT: f64 = 0.612_800_788_139_932;
/// A face is degenerate if all its points are nearer than this to their mean, as fractions of the picture.
const DEGENERATE: f64 = 1e-3;

/// Computes the matrix from the canonical face, in centimetres, to the camera, which is at the origin and looks along -z.
/// Matrices are rows for column vectors.
pub(crate) struct HeadPose {
    basis: Vec<BasisPoint>,
}

struct BasisPoint {
    landmark: usize,
    weight: f64,
    canonical: [f64; 3],
}

/// A landmark projected to the near plane, with its depth.
#[derive(Clone, Copy)]
struct OnPlane {
    x: f64,
    y: f64,
    depth: f64,
}

impl HeadPose {
    /// Takes the weighted points of the canonical face, skipping those without a landmark.
    pub(crate) fn new(geometry: &FaceGeometry) -> Self {
        let point = |landmark: usize, weight: f32| {
            let canonical = geometry.positions.get(landmark)?.map(f64::from);
            (landmark < MESH).then_some(BasisPoint { landmark, weight: f64::from(weight), canonical })
        };
        Self { basis: geometry.basis.iter().filter_map(|basis| point(basis.landmark, basis.weight)).collect() }
    }

    /// The matrix of a face in a picture of the given width and height; `None` if its landmarks do not determine one.
    pub(crate) fn matrix(&self, landmarks: &Landmarks, [width, height]: [f64; 2]) -> Option<[[f32; 4]; 4]> {
        if is_degenerate(landmarks) {
            return None;
        }
        let near = [2.0 * HALF_HEIGHT * width / height, 2.0 * HALF_HEIGHT];
        let mean_depth = landmarks[..MESH].iter().map(|point| f64::from(point[2])).sum::<f64>() * near[0] / MESH as f64;
        let flat = self.align(landmarks, near, |point| [point.x, point.y, -point.depth])?;
        let unprojected = |scale: f64| {
            move |point: OnPlane| {
                let distance = (point.depth - mean_depth + 1.0) / scale;
                [point.x * distance, point.y * distance, -distance]
            }
        };
        let coarse = self.align(landmarks, near, unprojected(flat.scale))?;
        let fine = self.align(landmarks, near, unprojected(flat.scale * coarse.scale))?;
        let matrix = fine.matrix().map(|row| row.map(|value| value as f32));
        matrix.iter().flatten().all(|value| value.is_finite()).then_some(matrix)
    }

    fn align(
        &self,
        landmarks: &Landmarks,
        near: [f64; 2],
        place: impl Fn(OnPlane) -> [f64; 3],
    ) -> Option<procrustes::Similarity> {
        let correspondence = |basis: &BasisPoint| {
            let [x, y, z] = landmarks[basis.landmark].map(f64::from);
            let point = OnPlane { x: (x - 0.5) * near[0], y: (0.5 - y) * near[1], depth: z * near[0] };
            Correspondence { weight: basis.weight, from: basis.canonical, to: place(point) }
        };
        align(self.basis.iter().map(correspondence))
    }
}

fn is_degenerate(landmarks: &Landmarks) -> bool {
    let mean = |axis: usize| landmarks[..MESH].iter().map(|point| f64::from(point[axis])).sum::<f64>() / MESH as f64;
    let (x, y) = (mean(0), mean(1));
    let near = |point: &[f32; 3]| (f64::from(point[0]) - x).hypot(f64::from(point[1]) - y) < DEGENERATE;
    landmarks[..MESH].iter().all(near)
}

#[cfg(test)]
mod tests {
    use super::{super::models::BasisPoint as Basis, *};
    use bunraku_core::rotation::Rotation;

    /// A bowl of 468 points, 40 of them weighted.
    fn bowl() -> FaceGeometry {
        let position = |i: usize| {
            let (ring, angle) = ((i as f32 / 468.0).sqrt() * 8.0, i as f32 * 2.4);
            [ring * angle.cos(), ring * angle.sin(), 5.0 - ring * ring / 12.0]
        };
        let basis = (0..40).map(|i| Basis { landmark: i * 11, weight: 0.1 + i as f32 / 40.0 }).collect();
        FaceGeometry { positions: (0..468).map(position).collect(), basis }
    }

    /// The landmarks of the face, rotated and placed, as a camera sees them.
    fn seen(geometry: &FaceGeometry, turn: &Rotation, at: [f64; 3], aspect: f64) -> Landmarks {
        let (near_height, near_width) = (2.0 * HALF_HEIGHT, 2.0 * HALF_HEIGHT * aspect);
        let mut landmarks = [[0.5; 3]; 478];
        let placed: Vec<[f64; 3]> = geometry
            .positions
            .iter()
            .map(|point| {
                let turned = turn.turn(point.map(f64::from));
                [turned[0] + at[0], turned[1] + at[1], turned[2] + at[2]]
            })
            .collect();
        let mean = placed.iter().map(|point| -point[2]).sum::<f64>() / 468.0;
        for (landmark, [x, y, z]) in landmarks.iter_mut().zip(placed) {
            let (x, y) = (x / -z / near_width + 0.5, 0.5 - y / -z / near_height);
            *landmark = [x as f32, y as f32, ((-z / mean - 1.0) / near_width) as f32];
        }
        landmarks
    }

    #[test]
    fn the_matrix_of_a_placed_face_is_recovered() {
        let geometry = bowl();
        let pose = HeadPose::new(&geometry);
        for (degrees, at) in [([0.0; 3], [0.0, 0.0, -40.0]), ([20.0, -15.0, 30.0], [6.0, -4.0, -55.0])] {
            let turn = Rotation::from_euler_deg(degrees);
            let matrix = pose.matrix(&seen(&geometry, &turn, at, 4.0 / 3.0), [640.0, 480.0]).expect("a face");
            for (row, (found, expected)) in matrix.iter().zip(turn.rows()).enumerate() {
                for (found, expected) in found.iter().zip(expected) {
                    assert!((f64::from(*found) - expected).abs() < 0.02, "{degrees:?}: {matrix:?}");
                }
                assert!((f64::from(found[3]) - at[row]).abs() < 0.5, "{at:?}: {matrix:?}");
            }
            assert_eq!(matrix[3], [0.0, 0.0, 0.0, 1.0]);
        }
    }

    #[test]
    fn a_degenerate_face_has_no_matrix() {
        let pose = HeadPose::new(&bowl());
        assert_eq!(pose.matrix(&[[0.5; 3]; 478], [640.0, 480.0]), None);
        assert_eq!(pose.matrix(&[[f32::NAN; 3]; 478], [640.0, 480.0]), None);
        let nothing = HeadPose::new(&FaceGeometry { positions: Vec::new(), basis: Vec::new() });
        let face = seen(&bowl(), &Rotation::IDENTITY, [0.0, 0.0, -40.0], 1.0);
        assert_eq!(nothing.matrix(&face, [640.0, 480.0]), None);
    }
}
