//! Compares students with their teacher: [`evaluate`] scores held-out poses, [`Sweep`] measures flicker, and a
//! [`ContactSheet`] shows both side by side.

mod metrics;
mod region;
mod sheet;
mod side_by_side;
mod ssim;
mod students;
mod sweep;
mod validator;

pub use metrics::{Scores, Tally, compare};
pub use region::{character_pixels, face_window, mask_pixels};
pub use sheet::{ContactSheet, sheet_poses};
pub use side_by_side::SideBySide;
pub use ssim::{WINDOW, ssim_map};
pub use students::{Students, StudentsError};
pub use sweep::{STEPS, SWEPT, Sweep, SweepRatio, sweep_poses};
pub use validator::{EvalError, Evaluation, FaceScores, Validator, evaluate};
