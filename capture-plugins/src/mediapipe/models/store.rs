//! The installed models: writing, loading and checking them.

use super::{
    FaceGeometry, ModelsError, Network, TrackingModels,
    manifest::{Entry, MANIFEST, Manifest, sha256},
    task::Converted,
};
use bunraku_core::files;
use serde::Serialize;
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _},
    path::{Path, PathBuf},
};

/// The geometry's file name once installed.
const GEOMETRY: &str = "face_geometry.binarypb";
/// The greatest accepted file size in bytes; the largest model has 2.5 MB.
pub(super) const LIMIT: u64 = 64 << 20;

/// The models installed in a folder and the state of each file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// The folder.
    pub folder: PathBuf,
    /// Whether every file is as it was installed.
    pub usable: bool,
    /// The file or URL they were installed from, if any.
    pub source: Option<String>,
    /// The networks and the geometry.
    pub files: Vec<InstalledFile>,
}

/// One file of the models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstalledFile {
    /// Its name.
    pub name: &'static str,
    /// Its state.
    pub state: FileState,
    /// Its size, if it could be read.
    pub bytes: Option<u64>,
    /// Its SHA-256, if it could be read.
    pub sha256: Option<String>,
}

/// The state of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileState {
    /// As it was installed.
    Whole,
    /// It differs from what was installed, or there is no manifest.
    Damaged,
    /// It does not exist.
    Missing,
}

/// Loads the models installed in `folder`, checking their checksums.
///
/// # Errors
/// [`ModelsError::Missing`] if nothing is installed, [`ModelsError::Damaged`] if a file has changed, or
/// [`ModelsError::Read`].
pub fn load(folder: &Path) -> Result<TrackingModels, ModelsError> {
    let manifest = manifest(folder)?;
    let network = |network: Network| checked(folder, &manifest, network.file());
    let geometry = checked(folder, &manifest, GEOMETRY)?;
    let geometry = FaceGeometry::read(&geometry).map_err(|fault| damaged(folder, GEOMETRY, fault.to_string()))?;
    Ok(TrackingModels {
        detector: network(Network::Detector)?,
        landmarks: network(Network::Landmarks)?,
        blendshapes: network(Network::Blendshapes)?,
        geometry,
    })
}

/// The state of the models in `folder`, which need not exist.
pub fn inventory(folder: &Path) -> Inventory {
    let manifest = manifest(folder).ok();
    let files = [Network::Detector.file(), Network::Landmarks.file(), Network::Blendshapes.file(), GEOMETRY];
    let files = files.map(|name| examine(folder, manifest.as_ref(), name)).to_vec();
    Inventory {
        folder: folder.to_owned(),
        usable: files.iter().all(|file| file.state == FileState::Whole),
        source: manifest.map(|manifest| manifest.source),
        files,
    }
}

/// Writes the contents of a bundle, and the manifest last, so that an interrupted installation is detected.
pub(super) fn write(folder: &Path, source: &str, bundle: &[u8], models: &Converted<'_>) -> Result<(), ModelsError> {
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        let written = files::replace(&path, bytes);
        written.map(|()| Entry::of(name, bytes)).map_err(|source| ModelsError::Write { path, source })
    };
    let networks = Network::ALL.iter().zip(&models.networks).map(|(network, onnx)| file(network.file(), onnx));
    let files = networks.chain([file(GEOMETRY, models.geometry)]).collect::<Result<_, _>>()?;
    let manifest =
        Manifest { format: Manifest::FORMAT, source: source.to_owned(), bundle_sha256: sha256(bundle), files };
    let path = folder.join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::from);
    text.and_then(|text| files::replace(&path, &text)).map_err(|source| ModelsError::Write { path, source })
}

fn manifest(folder: &Path) -> Result<Manifest, ModelsError> {
    let text = match read(&folder.join(MANIFEST)) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(ModelsError::Missing { folder: folder.to_owned() });
        }
        text => text.map_err(|source| ModelsError::Read { path: folder.join(MANIFEST), source })?,
    };
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| damaged(folder, MANIFEST, format!("is damaged ({error})")))?;
    match manifest.format {
        Manifest::FORMAT => Ok(manifest),
        format => Err(damaged(folder, MANIFEST, format!("has format {format}, expected {}", Manifest::FORMAT))),
    }
}

/// Reads a file and checks that it is as it was installed.
fn checked(folder: &Path, manifest: &Manifest, name: &str) -> Result<Vec<u8>, ModelsError> {
    let path = folder.join(name);
    let bytes = match read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(damaged(folder, name, "is missing".to_owned()));
        }
        bytes => bytes.map_err(|source| ModelsError::Read { path, source })?,
    };
    if is_installed(manifest, name, &bytes) {
        Ok(bytes)
    } else {
        Err(damaged(folder, name, format!("is damaged (its SHA-256 is {})", sha256(&bytes))))
    }
}

fn is_installed(manifest: &Manifest, name: &str, bytes: &[u8]) -> bool {
    manifest.files.contains(&Entry::of(name, bytes))
}

fn examine(folder: &Path, manifest: Option<&Manifest>, name: &'static str) -> InstalledFile {
    let (state, bytes) = match read(&folder.join(name)) {
        Ok(bytes) if manifest.is_some_and(|manifest| is_installed(manifest, name, &bytes)) => {
            (FileState::Whole, Some(bytes))
        }
        Ok(bytes) => (FileState::Damaged, Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => (FileState::Missing, None),
        Err(_) => (FileState::Damaged, None),
    };
    let sha256 = bytes.as_deref().map(sha256);
    InstalledFile { name, state, bytes: bytes.map(|bytes| bytes.len() as u64), sha256 }
}

fn damaged(folder: &Path, name: &str, what: String) -> ModelsError {
    ModelsError::Damaged { path: folder.join(name), what }
}

/// Reads a regular file of bounded size.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would block until something writes to it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::other(format!("it is larger than {LIMIT} bytes, which no tracking model is")));
    }
    Ok(bytes)
}
