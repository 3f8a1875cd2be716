//! Sources of frames: folders of pictures, video files and cameras.

mod ffmpeg;
pub mod folder;
pub mod jpeg;
mod jpeg_end;
pub mod mjpeg;
mod open;
pub mod y4m;
pub mod yuv;

use super::view::{Rgb8View, ViewError};
pub use open::{Input, open};
use std::{fmt::Write as _, path::PathBuf, time::Instant};

/// A reusable frame: 8-bit RGB, row 0 at the top, no padding between rows.
#[derive(Clone, Debug, Default)]
pub struct RgbFrame {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// R, G and B of each pixel.
    pub data: Vec<u8>,
    /// A file name, or the frame's number.
    pub name: String,
}

impl RgbFrame {
    /// Resizes to `width` x `height` pixels and returns their bytes, for the caller to fill.
    pub fn resize(&mut self, width: usize, height: usize) -> &mut [u8] {
        (self.width, self.height) = (width, height);
        self.data.resize(3 * width * height, 0);
        &mut self.data
    }

    /// The frame as a view for the tracker.
    ///
    /// # Errors
    /// It has no pixels, is too large, or its bytes do not match its size.
    pub fn view(&self) -> Result<Rgb8View<'_>, ViewError> {
        Rgb8View::packed(self.width, self.height, &self.data)
    }
}

/// What is known about a frame besides its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// How many frames preceded it, including skipped ones.
    pub index: u64,
    /// When it was taken or, for a file, read.
    pub captured: Instant,
}

/// Delivers one frame after another.
pub trait FrameSource: Send {
    /// What it is, for messages.
    fn describe(&self) -> String;

    /// Frames a second, if known.
    fn rate(&self) -> Option<f64>;

    /// Reads the next frame into `into`, which may hold an earlier one; `None` at the end. Waits for a camera.
    ///
    /// # Errors
    /// The frame cannot be read; `into` is then unspecified, and the next call may succeed.
    fn next(&mut self, into: &mut RgbFrame) -> Result<Option<FrameInfo>, FrameError>;
}

/// Sets `name` to `index` without allocating.
pub(crate) fn name_by_number(name: &mut String, index: u64) {
    name.clear();
    write!(name, "{index}").ok(); // writing to a string cannot fail
}

/// Why no frame can be read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The file or folder cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Its path.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// The folder contains no picture.
    #[error("the folder {path} contains no picture (.png, .jpg or .jpeg)")]
    NoPictures {
        /// The folder.
        path: PathBuf,
    },
    /// A picture is damaged, too large, or not of a supported format.
    #[error("the picture {name} cannot be decoded: {why}")]
    Decode {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// The video cannot be read.
    #[error("cannot read the video {name}: {why}")]
    Video {
        /// The file.
        name: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The camera cannot be used.
    #[error("cannot use the camera ({camera}): {why}; {help}")]
    Camera {
        /// Which one.
        camera: String,
        /// What is wrong.
        why: String,
        /// What to do.
        help: String,
    },
}

impl FrameError {
    /// Whether only this frame is lost, so that the next may be readable at once.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Decode { .. })
    }
}
