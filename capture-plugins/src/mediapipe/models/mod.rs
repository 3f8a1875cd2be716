//! The tracking models: three networks and the face geometry, converted from the official bundle `face_landmarker.task`
//! (`TRACKER.md` §8) and kept in the user's data folder. The bundle is Google's, under the Apache License 2.0; no part of
//! it is included in this project.

mod download;
mod error;
mod folder;
mod geometry;
mod install;
mod manifest;
mod network;
mod store;
mod task;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;
mod transfer;
mod wire;

pub use download::{DownloadError, DownloadHooks};
pub use error::ModelsError;
pub use folder::folder;
pub use geometry::{BasisPoint, FACE_LANDMARKS, FaceGeometry, GeometryError};
pub use install::{OFFICIAL_ADDRESS, OFFICIAL_BYTES, OFFICIAL_SHA256, install_file, install_url, load_bundle};
pub use network::Network;
pub use store::{FileState, InstalledFile, Inventory, inventory, load};
pub use task::TaskError;

/// All data that the tracker needs.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackingModels {
    /// [`Network::Detector`] as an ONNX file.
    pub detector: Vec<u8>,
    /// [`Network::Landmarks`] as an ONNX file.
    pub landmarks: Vec<u8>,
    /// [`Network::Blendshapes`] as an ONNX file.
    pub blendshapes: Vec<u8>,
    /// The face's geometry.
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
