//! Draws avatars, on GPUs and on processors, with the same picture.
#![doc = include_str!("../README.md")]
//!
//! ## From a folder to a frame
//!
//! [`Character::open`] reads a folder and says which kind of avatar it holds; [`native::open`] makes it an [`Avatar`],
//! which follows a face and draws [`Frame`]s.

pub mod aligned;
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
