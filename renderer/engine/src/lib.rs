//! Draws avatars, on GPUs and on processors.
//!
//! [`Character::open`] reads a folder and says which kind of avatar it holds; [`native::open`] makes it an [`Avatar`],
//! which follows a face and draws [`Frame`]s. A kind of avatar is one folder of this crate ([`student`] is the first)
//! and one variant of [`Character`].
//!
//! Everything but [`native`], [`measure`] and the CPU engine can run in a browser: it never blocks, reads no clock and
//! starts no thread.

mod avatar;
mod character;
mod error;
mod frame;
pub mod gpu;
#[cfg(not(target_arch = "wasm32"))]
pub mod measure;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
mod shaders;
pub mod sine;
pub mod student;

pub use avatar::{Avatar, Description, MAX_SIZE, MIN_SIZE, Quality, View};
pub use character::Character;
pub use error::EngineError;
pub use frame::{CpuFrame, Frame, FramePool};
#[cfg(not(target_arch = "wasm32"))]
pub use native::EngineChoice;
pub use shaders::SHADERS;
