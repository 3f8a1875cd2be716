#![doc = include_str!("../README.md")]

pub mod axis;
pub mod choose;
pub mod cpu;
pub mod gpu;
pub mod measure;
pub mod plan;
pub mod sine;

pub use choose::EngineChoice;

use bunraku_core::{character::IMAGE_SIZE, pose::Pose};
use std::fmt;

/// Least edge of the output in pixels.
pub const MIN_SIZE: usize = 128;

/// Greatest edge of the output in pixels.
pub const MAX_SIZE: usize = 2048;

/// How much of the student's work is done for a frame.
///
/// A student is a continuous function of position, so work is saved by evaluating it at fewer positions. The picture
/// itself is still warped at full size. renderer/README.md says what each quality costs and loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quality {
    /// As `High`, and all levels on grids of three quarters the edge, their results interpolated.
    Fast,
    /// The reference's own computation where the character is, nothing where a coarse look finds empty background.
    High,
    /// The reference's own computation.
    Full,
}

impl Quality {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::High => "high",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// On which positions each part of the student is evaluated; all grids are square, all edges in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Edges of the three levels' grids.
    pub levels: [usize; 3],
    /// Edge of the output picture.
    pub size: usize,
    /// Along each edge of an output pixel, at how many points the warp samples the picture; their mean is the pixel.
    /// More than one where the output is smaller than the 512 picture, which would alias otherwise.
    pub samples: usize,
    /// Whether an engine may leave out positions of the upper two levels where a coarse look finds nothing to be seen.
    pub skip_background: bool,
}

impl Detail {
    /// The grids for an output of `size` pixels. `size` is moved into [`MIN_SIZE`] to [`MAX_SIZE`].
    pub fn new(size: usize, quality: Quality) -> Self {
        let size = size.clamp(MIN_SIZE, MAX_SIZE);
        let levels = match quality {
            Quality::Full | Quality::High => [128, 256, size],
            Quality::Fast => [96, 192, (3 * size).div_ceil(4)],
        };
        let skip_background = quality != Quality::Full;
        Self { levels, size, samples: IMAGE_SIZE.div_ceil(size), skip_background }
    }
}

/// A student's output: planar `[4, size, size]`, linear-light premultiplied RGB and alpha, each nominally in [-1, 1] and
/// not clipped (`core/spec/images.md`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Edge in pixels.
    pub size: usize,
    /// `4 * size * size` values; channel, then row, then column.
    pub planes: Vec<f32>,
}

impl Frame {
    /// Makes room for an edge of `size` pixels; allocates only when the size changes.
    pub fn resize(&mut self, size: usize) {
        self.size = size;
        self.planes.resize(4 * size * size, 0.0);
    }
}

/// What an engine is and runs on, for people and for `bench`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// `cpu` or `gpu`.
    pub engine: &'static str,
    /// The processor's or the adapter's name, with the instruction set or the graphics API.
    pub adapter: String,
    /// The arithmetic, such as `f32`.
    pub precision: &'static str,
    /// Threads of the CPU engine; 0 for a GPU.
    pub threads: usize,
}

/// Why a frame could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No adapter that the GPU engine can run on.
    #[error("no GPU adapter can run the student: {0}; take --engine cpu")]
    NoAdapter(String),
    /// The device is gone (driver reset, unplugged, out of memory); a new engine may work.
    #[error("the GPU was lost: {0}; it is tried again, --engine cpu works without it")]
    Lost(String),
    /// The threads of the CPU engine could not be started.
    #[error("cannot start the CPU engine's threads: {0}; try fewer with --threads")]
    Threads(String),
}

/// Draws one character's student.
pub trait StudentEngine {
    /// Draws `pose` into `frame`, which takes the engine's size, and waits until the CPU can read it.
    ///
    /// The pose is not clamped. In the steady state nothing is allocated by us.
    ///
    /// # Errors
    /// When the device is lost.
    fn render(&mut self, pose: &Pose, frame: &mut Frame) -> Result<(), EngineError>;

    /// Takes another size or quality from the next frame on.
    ///
    /// # Errors
    /// When the device has no room for it or is lost.
    fn set_detail(&mut self, detail: Detail) -> Result<(), EngineError>;

    /// The size and grids in force.
    fn detail(&self) -> Detail;

    /// Multiply-adds that the last frame took, 2 operations each; before the first, those of a frame in which nothing
    /// is left out.
    fn multiply_adds(&self) -> usize;

    /// What this engine is.
    fn describe(&self) -> Description;
}
