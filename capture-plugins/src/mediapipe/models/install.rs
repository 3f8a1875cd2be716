//! Installs the tracking models from the official bundle.

use super::{
    ModelsError, TrackingModels,
    download::{DownloadHooks, download},
    manifest::sha256,
    store,
    task::Converted,
};
use std::{
    fs,
    path::{self, Path},
};

/// The URL of the official bundle.
pub const OFFICIAL_ADDRESS: &str =
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task";
/// Its SHA-256 (`TRACKER.md`).
pub const OFFICIAL_SHA256: &str = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff";
/// Its size in bytes.
pub const OFFICIAL_BYTES: u64 = 3_758_596;

/// The name of an unfinished download in the models folder.
const PART: &str = "face_landmarker.task.part";

/// Installs the models from a bundle file.
///
/// # Errors
/// [`ModelsError::Hash`] if it is not the official one, [`ModelsError::Read`] or [`ModelsError::Write`].
pub fn install_file(bundle: &Path, folder: &Path) -> Result<(), ModelsError> {
    let bytes = store::read(bundle).map_err(|source| ModelsError::Read { path: bundle.to_owned(), source })?;
    // The manifest may be read from another working directory.
    let source = path::absolute(bundle).unwrap_or_else(|_| bundle.to_owned()).display().to_string();
    create(folder)?;
    install(&bytes, &source, folder)
}

/// Downloads the bundle and installs its models. An interrupted or stopped download is kept and resumed the next time.
///
/// # Errors
/// As [`install_file`], and [`ModelsError::Download`].
pub fn install_url(address: &str, folder: &Path, hooks: DownloadHooks<'_>) -> Result<(), ModelsError> {
    create(folder)?;
    let part = folder.join(PART);
    let bytes = download(address, &part, OFFICIAL_SHA256, hooks).inspect_err(|_| {
        // An empty download is not worth keeping.
        if fs::metadata(&part).is_ok_and(|metadata| metadata.len() == 0) {
            let _ = fs::remove_file(&part);
        }
    })?;
    let installed = install(&bytes, address, folder);
    if !matches!(installed, Err(ModelsError::Write { .. })) {
        // The download has been used or is useless. If it cannot be removed, it is only checked once more the next time.
        let _ = fs::remove_file(part);
    }
    installed
}

fn create(folder: &Path) -> Result<(), ModelsError> {
    fs::create_dir_all(folder).map_err(|source| ModelsError::Write { path: folder.to_owned(), source })
}

/// Loads the models from the official bundle without installing them.
///
/// # Errors
/// [`ModelsError::Hash`] if it is not the official one, or [`ModelsError::Read`].
pub fn load_bundle(bundle: &Path) -> Result<TrackingModels, ModelsError> {
    let bytes = store::read(bundle).map_err(|source| ModelsError::Read { path: bundle.to_owned(), source })?;
    let what = || bundle.display().to_string();
    ensure_official(&bytes, &what())?;
    TrackingModels::from_task(&bytes).map_err(|fault| ModelsError::Task { what: what(), fault })
}

fn ensure_official(bundle: &[u8], source: &str) -> Result<(), ModelsError> {
    let found = sha256(bundle);
    if found == OFFICIAL_SHA256 {
        return Ok(());
    }
    Err(ModelsError::Hash { what: source.to_owned(), bytes: bundle.len() as u64, found })
}

fn install(bundle: &[u8], source: &str, folder: &Path) -> Result<(), ModelsError> {
    ensure_official(bundle, source)?;
    let what = || source.to_owned();
    let models = Converted::from_task(bundle).map_err(|fault| ModelsError::Task { what: what(), fault })?;
    store::write(folder, source, bundle, &models)
}
