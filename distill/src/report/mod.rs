//! A training's reports: sample sheets, loss curves and metrics.
//!
//! In `<prefix>/face_morpher` and `<prefix>/body_morpher` (`distill/spec/distiller.md`): `sample_outputs/*.png`,
//! `log/<start>/events.out.tfevents.*` for TensorBoard, `log/metrics.jsonl` for other tools, and a plot of it.

mod flow_color;
pub(crate) mod font;
mod metrics_log;
mod plot;
mod record_file;
mod sheet;
mod tfevents;

pub use metrics_log::{MetricsEntry, MetricsLog, read_metrics};
pub use plot::{LossCurves, plot_losses};
pub use sheet::{BodySample, BodySheet, FACE_SAMPLES, FaceSample, face_sheet, sample_path, save_sheet};

use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a report cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or folder cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The picture cannot be encoded.
    #[error("cannot encode the picture: {0}")]
    Picture(#[from] image::ImageError),
    /// The curves cannot be drawn.
    #[error("cannot draw the curves: {0}")]
    Plot(String),
}

impl ReportError {
    pub(crate) fn file(path: &Path) -> impl Fn(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), source }
    }
}
