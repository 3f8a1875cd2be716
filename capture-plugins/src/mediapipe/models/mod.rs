//! The tracking models: three networks and the face's geometry, from the official bundle.

mod geometry;
mod network;
mod task;
#[cfg(test)]
mod tests;
mod wire;

pub use geometry::{BasisPoint, FACE_LANDMARKS, FaceGeometry, GeometryError};
pub use network::Network;
pub use task::TaskError;

/// Everything that the tracker needs to know beside its code.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackingModels {
    /// [`Network::Detector`] as an ONNX file.
    pub detector: Vec<u8>,
    /// [`Network::Landmarks`] as an ONNX file.
    pub landmarks: Vec<u8>,
    /// [`Network::Blendshapes`] as an ONNX file.
    pub blendshapes: Vec<u8>,
    /// The face's shape.
    pub geometry: FaceGeometry,
}

impl TrackingModels {
    /// A network as an ONNX file.
    pub fn network(&self, network: Network) -> &[u8] {
        match network {
            Network::Detector => &self.detector,
            Network::Landmarks => &self.landmarks,
            Network::Blendshapes => &self.blendshapes,
        }
    }
}
