//! The canonical face's geometry, for placing the head (`TRACKER.md` §7 and §8).
//!
//! It is read from the bundle that the user installs (Apache-2.0, the `MediaPipe` authors); none of its numbers are in
//! this project.

use super::wire::{Damaged, Fields, Value};
use thiserror::Error;

/// The number of landmarks in the canonical face, which excludes the irises' ten that follow them.
pub const FACE_LANDMARKS: usize = 468;

/// The canonical face, and its points that move little with expressions.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceGeometry {
    /// The positions of the [`FACE_LANDMARKS`] landmarks in centimetres: right-handed, x to the image's right, y up, z
    /// towards the camera.
    pub positions: Vec<[f32; 3]>,
    /// The landmarks to which the transform is fitted: at least three, each once.
    pub basis: Vec<BasisPoint>,
}

/// A landmark to which the transform is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BasisPoint {
    /// Its index, below [`FACE_LANDMARKS`].
    pub landmark: usize,
    /// Its weight, above 0.
    pub weight: f32,
}

/// Why the geometry cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GeometryError {
    /// A field extends past the end of the file.
    #[error("is damaged")]
    Damaged,
    /// The number of vertices is not the canonical face's.
    #[error("has {0} numbers for its vertices, expected {FACE_LANDMARKS} vertices of 5 numbers")]
    Vertices(usize),
    /// A number is not finite, or a weight is not above 0.
    #[error("has a vertex or a weight that is not a finite number, or a weight that is not above 0")]
    Number,
    /// A landmark does not exist, or appears twice.
    #[error("fits its transform to landmark {0}, which does not exist or appears twice")]
    Landmark(u64),
    /// Too few points to determine a transform.
    #[error("fits its transform to {0} landmarks, expected at least 3")]
    Basis(usize),
}

impl From<Damaged> for GeometryError {
    fn from(Damaged: Damaged) -> Self {
        Self::Damaged
    }
}

impl FaceGeometry {
    /// Reads the bundle's `geometry_pipeline_metadata_landmarks.binarypb`.
    ///
    /// # Errors
    /// See [`GeometryError`].
    pub fn read(file: &[u8]) -> Result<Self, GeometryError> {
        let (mut numbers, mut basis) = (Vec::new(), Vec::new());
        for field in Fields::of(file) {
            match field? {
                (1, Value::Bytes(mesh)) => numbers.extend(vertices(mesh)?),
                (2, Value::Bytes(point)) => add(&mut basis, point)?,
                _ => {}
            }
        }
        let (vertices, rest) = numbers.as_chunks::<5>();
        if vertices.len() != FACE_LANDMARKS || !rest.is_empty() {
            return Err(GeometryError::Vertices(numbers.len()));
        }
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(GeometryError::Number);
        }
        if basis.len() < 3 {
            return Err(GeometryError::Basis(basis.len()));
        }
        // The last two numbers of each vertex are texture coordinates.
        Ok(Self { positions: vertices.iter().map(|&[x, y, z, _, _]| [x, y, z]).collect(), basis })
    }
}

fn vertices(mesh: &[u8]) -> Result<Vec<f32>, GeometryError> {
    let mut numbers = Vec::new();
    for field in Fields::of(mesh) {
        match field? {
            (3, Value::Bytes(packed)) => {
                let (packed, rest) = packed.as_chunks();
                if !rest.is_empty() {
                    return Err(GeometryError::Damaged);
                }
                numbers.extend(packed.iter().map(|&number| f32::from_le_bytes(number)));
            }
            (3, Value::Four(number)) => numbers.push(f32::from_le_bytes(number)),
            _ => {}
        }
    }
    Ok(numbers)
}

fn add(basis: &mut Vec<BasisPoint>, point: &[u8]) -> Result<(), GeometryError> {
    let (mut id, mut weight) = (0, 0.0);
    for field in Fields::of(point) {
        match field? {
            (1, Value::Integer(number)) => id = number,
            (2, Value::Four(number)) => weight = f32::from_le_bytes(number),
            _ => {}
        }
    }
    let landmark = usize::try_from(id).ok().filter(|&landmark| landmark < FACE_LANDMARKS);
    let landmark = landmark.filter(|&landmark| basis.iter().all(|point| point.landmark != landmark));
    let landmark = landmark.ok_or(GeometryError::Landmark(id))?;
    if !(weight.is_finite() && weight > 0.0) {
        return Err(GeometryError::Number);
    }
    basis.push(BasisPoint { landmark, weight });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let len = bytes.len();
        [&[number << 3 | 2, len as u8 | 0x80, (len >> 7) as u8 | 0x80, (len >> 14) as u8], bytes].concat()
    }

    fn mesh(vertices: usize, number: f32) -> Vec<u8> {
        field(1, &field(3, &vec![number.to_le_bytes(); 5 * vertices].concat()))
    }

    fn point(landmark: u16, weight: f32) -> Vec<u8> {
        let id = [0x08, landmark as u8 | 0x80, (landmark >> 7) as u8, 0x15];
        field(2, &[&id[..], &weight.to_le_bytes()].concat())
    }

    #[test]
    fn a_face_and_its_basis_are_read() {
        let file = [mesh(FACE_LANDMARKS, 1.5), point(4, 0.5), point(300, 1.0), point(467, 2.0)].concat();
        let geometry = FaceGeometry::read(&file).expect("a face");
        assert_eq!(geometry.positions, vec![[1.5; 3]; FACE_LANDMARKS]);
        assert_eq!(geometry.basis[1], BasisPoint { landmark: 300, weight: 1.0 });
        assert_eq!(geometry.basis.len(), 3);
    }

    #[test]
    fn invalid_geometry_is_refused() {
        let basis = [point(4, 0.5), point(300, 1.0)].concat();
        let read = |mesh: Vec<u8>, last: Vec<u8>| FaceGeometry::read(&[mesh, basis.clone(), last].concat());
        assert_eq!(read(mesh(467, 1.0), point(1, 1.0)), Err(GeometryError::Vertices(467 * 5)));
        assert_eq!(read(mesh(468, f32::NAN), point(1, 1.0)), Err(GeometryError::Number));
        for weight in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert_eq!(read(mesh(468, 1.0), point(1, weight)), Err(GeometryError::Number));
        }
        assert_eq!(read(mesh(468, 1.0), point(468, 1.0)), Err(GeometryError::Landmark(468)));
        assert_eq!(read(mesh(468, 1.0), point(300, 1.0)), Err(GeometryError::Landmark(300)));
        assert_eq!(read(mesh(468, 1.0), vec![]), Err(GeometryError::Basis(2)));
        assert_eq!(read(mesh(468, 1.0), vec![0x12, 0x7f]), Err(GeometryError::Damaged));
    }
}
