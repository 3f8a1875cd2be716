//! Compares students with their teacher: [`evaluate`] scores held-out poses, [`Sweep`] measures flicker, and a
//! [`ContactSheet`] shows both side by side.

mod evaluate;
mod evaluation;
mod metrics;
mod region;
mod sheet;
mod side_by_side;
mod ssim;
mod students;
mod sweep;
mod validator;

pub use evaluate::evaluate;
pub use evaluation::{Evaluation, FaceScores};
pub use metrics::{Scores, Tally, compare};
pub use region::{character_pixels, face_window, mask_pixels};
pub use sheet::{ContactSheet, sheet_poses};
pub use side_by_side::{EvalError, SideBySide};
pub use ssim::{WINDOW, ssim_map};
pub use students::{Students, StudentsError};
pub use sweep::{STEPS, SWEPT, Sweep, SweepRatio, sweep_poses};
pub use validator::Validator;
