//! The avatar trait: follows a face and draws frames.

use crate::{EngineError, Frame, FramePool};
use bunraku_core::{face_state::FaceState, pose::Pose};
use std::fmt;

/// Smallest edge of the output in pixels.
pub const MIN_SIZE: usize = 128;

/// Largest edge of the output in pixels.
pub const MAX_SIZE: usize = 2048;

/// Draws one character.
///
/// An avatar takes a face through its own mapping ([`follow`](Self::follow)), then draws it ([`draw`](Self::draw)).
/// Neither allocates in the steady state.
pub trait Avatar {
    /// Takes the face that the next frame shows. Returns whether that frame differs from the last one drawn.
    fn follow(&mut self, face: &FaceState) -> bool;

    /// Takes a pose instead of a face, unclamped. Returns false if this kind of avatar has no such pose.
    fn set_pose(&mut self, pose: &Pose) -> bool {
        let _ = pose;
        false
    }

    /// The pose that the next frame shows, if this kind of avatar has one.
    fn pose(&self) -> Option<&Pose> {
        None
    }

    /// Draws a frame. A frame in GPU memory is submitted, not waited for: see [`GpuFrame`](crate::gpu::GpuFrame).
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device is lost.
    fn draw(&mut self, pool: &mut FramePool) -> Result<Frame, EngineError>;

    /// The size and quality in force.
    fn view(&self) -> View;

    /// Changes size and quality from the next frame on. After an error the old ones stay.
    ///
    /// # Errors
    /// [`EngineError::Lost`] when the device has no room or is lost.
    fn set_view(&mut self, view: View) -> Result<(), EngineError>;

    /// The qualities that differ in cost, best first.
    fn qualities(&self) -> &[Quality];

    /// Multiply-adds of the last frame (2 operations each); before the first, the most that a frame takes.
    fn multiply_adds(&self) -> usize;

    /// The engine and what it runs on.
    fn describe(&self) -> Description;
}

/// How much work goes into a frame. `renderer/README.md` says what each quality costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quality {
    /// As `High`, evaluated at fewer positions.
    Fast,
    /// As `Full` where the character is; empty background is skipped.
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

/// The picture asked of an avatar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// Edge of the output in pixels, [`MIN_SIZE`] to [`MAX_SIZE`].
    pub size: usize,
    /// How much work goes into it.
    pub quality: Quality,
}

impl View {
    /// A view of `size` pixels, clamped to [`MIN_SIZE`] to [`MAX_SIZE`].
    pub fn new(size: usize, quality: Quality) -> Self {
        Self { size: size.clamp(MIN_SIZE, MAX_SIZE), quality }
    }
}

/// An engine, for users and for `bench`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// `cpu` or `gpu`.
    pub engine: &'static str,
    /// The processor's or adapter's name, with the instruction set or graphics API.
    pub adapter: String,
    /// The arithmetic, such as `f32`.
    pub precision: &'static str,
    /// Threads of the CPU engine; 0 for a GPU.
    pub threads: usize,
}
