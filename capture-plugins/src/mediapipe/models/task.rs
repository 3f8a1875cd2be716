//! Reads the official bundle `face_landmarker.task`, a zip archive with three networks and the face geometry
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

/// The geometry's file name in the bundle.
const GEOMETRY: &str = "geometry_pipeline_metadata_landmarks.binarypb";

/// Why a bundle cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// The archive is damaged or incomplete.
    #[error("is not a complete face_landmarker.task: {0}")]
    Archive(#[from] ArchiveError),
    /// A network cannot be read.
    #[error("has a network that cannot be read: {} {fault}", network.entry())]
    Network {
        /// Which one.
        network: Network,
        /// What is wrong.
        fault: TfliteError,
    },
    /// A network cannot be converted.
    #[error("has a network that cannot be converted: {}: {fault}", network.entry())]
    Convert {
        /// Which one.
        network: Network,
        /// What is wrong.
        fault: ConvertError,
    },
    /// The geometry cannot be read.
    #[error("has a face geometry that cannot be read: {GEOMETRY} {0}")]
    Geometry(#[from] GeometryError),
}

/// The contents of a bundle, ready to be installed.
#[derive(Clone, Debug)]
pub(super) struct Converted<'a> {
    /// ONNX files, in the order of [`Network::ALL`].
    pub(super) networks: [Vec<u8>; Network::ALL.len()],
    /// As in the bundle.
    pub(super) geometry: &'a [u8],
}

impl<'a> Converted<'a> {
    /// Reads a bundle and converts its networks, which takes a few milliseconds.
    pub(super) fn from_task(bundle: &'a [u8]) -> Result<Self, TaskError> {
        let archive = Archive::open(bundle)?;
        let geometry = archive.read(GEOMETRY)?;
        FaceGeometry::read(geometry)?;
        let [detector, landmarks, blendshapes] = Network::ALL.map(|network| convert(network, &archive));
        Ok(Self { networks: [detector?, landmarks?, blendshapes?], geometry })
    }
}

impl TrackingModels {
    /// Loads the models from an official bundle without installing them, which takes a few milliseconds.
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
