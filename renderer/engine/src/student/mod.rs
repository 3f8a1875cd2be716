//! THA4 students: a picture whose face and body are moved by two networks of sine layers.
//!
//! Two engines run the same [`Plan`], the student's layers after two exact rewrites, and draw the same picture: [`cpu`]
//! and [`gpu`], whose shaders are tested against the CPU's definition of each step.

mod avatar;
mod axis;
pub mod cpu;
pub mod gpu;
mod grids;
mod plan;

pub use avatar::StudentAvatar;
use grids::Grids;
pub use plan::{Entry, Plan, Stage};
