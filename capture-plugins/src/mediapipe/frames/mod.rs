//! Where pictures come from: a folder, a video file, a camera.

mod ffmpeg;
pub mod folder;
pub mod jpeg;
pub mod mjpeg;
mod open;
pub mod y4m;
pub mod yuv;

use super::view::{Rgb8View, ViewError};
pub use open::{Input, open};
use std::{fmt::Write as _, path::PathBuf, time::Instant};

/// A picture that is written over and over: 8-bit RGB, rows without a gap, row 0 at the top.
#[derive(Clone, Debug, Default)]
pub struct RgbFrame {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// R, G and B of each pixel.
    pub data: Vec<u8>,
    /// What the source calls it: a file's name, or a number.
    pub name: String,
}

impl RgbFrame {
    /// Makes room for `width` x `height` pixels, whose bytes are then to be written.
    pub fn resize(&mut self, width: usize, height: usize) -> &mut [u8] {
        (self.width, self.height) = (width, height);
        self.data.resize(3 * width * height, 0);
        &mut self.data
    }

    /// The picture for the tracker.
    ///
    /// # Errors
    /// It has no pixels, too many, or not as many bytes as its size needs.
    pub fn view(&self) -> Result<Rgb8View<'_>, ViewError> {
        Rgb8View::packed(self.width, self.height, &self.data)
    }
}

/// What is known of a picture beside its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// Pictures that came before it, those that were skipped included.
    pub index: u64,
    /// When it was taken or, of a file, read.
    pub captured: Instant,
}

/// Gives one picture after another.
pub trait FrameSource: Send {
    /// What it is, for people.
    fn describe(&self) -> String;

    /// Pictures a second, where the source knows.
    fn rate(&self) -> Option<f64>;

    /// The next picture, into a frame that may hold an earlier one; none at the end. Waits for a camera.
    ///
    /// # Errors
    /// The picture cannot be read; the frame then holds nothing of use, and another call may succeed.
    fn next(&mut self, into: &mut RgbFrame) -> Result<Option<FrameInfo>, FrameError>;
}

/// Makes `index` the name of a picture, without a new string.
pub(crate) fn name_by_number(name: &mut String, index: u64) {
    name.clear();
    write!(name, "{index}").ok(); // a string takes everything
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The file or folder cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The folder holds no picture.
    #[error("the folder {path} holds no picture (.png, .jpg or .jpeg)")]
    NoPictures {
        /// The folder.
        path: PathBuf,
    },
    /// The picture is damaged, of another kind than its name says, or too large.
    #[error("the picture {name} cannot be decoded: {why}")]
    Decode {
        /// The picture.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The video cannot be read.
    #[error("cannot read the video {name}: {why}")]
    Video {
        /// The file.
        name: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// The camera cannot be used.
    #[error("the camera cannot be used ({camera}): {why}; {help}")]
    Camera {
        /// Which.
        camera: String,
        /// What is wrong with it.
        why: String,
        /// What to do.
        help: String,
    },
}

impl FrameError {
    /// Whether only this picture is lost and the next may be there at once.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Decode { .. })
    }
}
