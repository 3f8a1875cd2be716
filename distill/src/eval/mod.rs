//! How far a student is from its teacher, in numbers (host side, on plain slices).

mod metrics;
mod region;
mod ssim;

pub use metrics::{Scores, Tally, compare};
pub use region::{Region, character_pixels, face_window, mask_pixels};
pub use ssim::{WINDOW, ssim_map};
