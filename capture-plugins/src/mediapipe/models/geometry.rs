//! The face as such: what `MediaPipe`'s bundle says of its shape, for the transform of the head
//! (`TRACKER.md` §7 and §8).
//!
//! The numbers are read from the bundle that the person installs (Apache-2.0, the `MediaPipe` authors); none is in this
//! project.

use super::wire::{Damaged, Fields, Value};
use thiserror::Error;

/// How many landmarks the canonical face has; the irises' ten, which come after them, are not of it.
pub const FACE_LANDMARKS: usize = 468;

/// A face's shape, and which of its points hold their place when it moves.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceGeometry {
    /// Where each of the [`FACE_LANDMARKS`] landmarks lies in the canonical face: cm, right-handed, x to the image's
    /// right, y up, z towards the camera.
    pub positions: Vec<[f32; 3]>,
    /// The landmarks that the transform is fitted to. At least three, no landmark twice.
    pub basis: Vec<BasisPoint>,
}

/// A landmark that the transform is fitted to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BasisPoint {
    /// Its number, under [`FACE_LANDMARKS`].
    pub landmark: usize,
    /// How much it counts, above 0.
    pub weight: f32,
}

/// Why the geometry cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GeometryError {
    /// A field that ends where there are no bytes left.
    #[error("is damaged")]
    Damaged,
    /// Another face.
    #[error("has {0} numbers for its vertices, {FACE_LANDMARKS} vertices of 5 are expected")]
    Vertices(usize),
    /// A number that is none.
    #[error("has a vertex or a weight that is not a finite number, or a weight that is not above 0")]
    Number,
    /// A landmark beyond the face's, or one that is there twice.
    #[error("fits its transform to landmark {0}, which the face has not, or twice")]
    Landmark(u64),
    /// Too few points for a transform.
    #[error("fits its transform to {0} landmarks, at least 3 are needed")]
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
        // The last two of each are where the vertex lies in a texture.
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
    fn what_cannot_be_fitted_to_is_refused() {
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
