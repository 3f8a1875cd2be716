//! The official bundle `face_landmarker.task`: three networks and the face's geometry in a zip archive
//! (`TRACKER.md` §8).

use super::{
    TrackingModels,
    geometry::{FaceGeometry, GeometryError},
    network::Network,
};
use crate::mediapipe::{
    onnx::{self, ConvertError},
    tflite::{Graph, TfliteError},
};
use bunraku_core::archive::{Archive, ArchiveError};
use thiserror::Error;

/// Name of the geometry in the bundle.
const GEOMETRY: &str = "geometry_pipeline_metadata_landmarks.binarypb";

/// Why a bundle cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// The zip container is damaged, or lacks something.
    #[error("is not a whole face_landmarker.task: {0}")]
    Archive(#[from] ArchiveError),
    /// A network in it cannot be read.
    #[error("has a network that cannot be read: {} {fault}", network.entry())]
    Network {
        /// Which.
        network: Network,
        /// What is wrong with it.
        fault: TfliteError,
    },
    /// A network in it is another one.
    #[error("has a network that cannot be converted: {}: {fault}", network.entry())]
    Convert {
        /// Which.
        network: Network,
        /// What is wrong with it.
        fault: ConvertError,
    },
    /// The geometry in it cannot be read.
    #[error("has a face geometry that cannot be read: {GEOMETRY} {0}")]
    Geometry(#[from] GeometryError),
}

/// What is in a bundle, each part as it is to be kept.
#[derive(Clone, Debug)]
pub(super) struct Converted<'a> {
    /// ONNX files, in the order of [`Network::ALL`].
    pub(super) networks: [Vec<u8>; Network::ALL.len()],
    /// As it is in the bundle.
    pub(super) geometry: &'a [u8],
}

impl<'a> Converted<'a> {
    /// Reads a bundle and converts its networks: some milliseconds.
    pub(super) fn from_task(bundle: &'a [u8]) -> Result<Self, TaskError> {
        let archive = Archive::open(bundle)?;
        let geometry = archive.read(GEOMETRY)?;
        FaceGeometry::read(geometry)?;
        let [detector, landmarks, blendshapes] = Network::ALL.map(|network| convert(network, &archive));
        Ok(Self { networks: [detector?, landmarks?, blendshapes?], geometry })
    }
}

impl TrackingModels {
    /// The models in an official bundle, without installing them. It takes some milliseconds.
    ///
    /// # Errors
    /// See [`TaskError`].
    pub fn from_task(bundle: &[u8]) -> Result<Self, TaskError> {
        let Converted { networks: [detector, landmarks, blendshapes], geometry } = Converted::from_task(bundle)?;
        Ok(Self { detector, landmarks, blendshapes, geometry: FaceGeometry::read(geometry)? })
    }
}

fn convert(network: Network, archive: &Archive<'_>) -> Result<Vec<u8>, TaskError> {
    let file = archive.read(network.entry())?;
    let graph = Graph::read(file).map_err(|fault| TaskError::Network { network, fault })?;
    onnx::convert(&graph, &network.interface()).map_err(|fault| TaskError::Convert { network, fault })
}
