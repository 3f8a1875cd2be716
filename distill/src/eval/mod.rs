//! How far a student is from its teacher, in numbers and in pictures: [`evaluate`] compares on poses that no training
//! saw, [`Sweep`] tells flicker, a [`ContactSheet`] shows both side by side.

mod examiner;
mod metrics;
mod pair;
mod region;
mod sheet;
mod ssim;
mod students;
mod sweep;

pub use examiner::{EvalError, Evaluation, Examiner, FaceScores, evaluate};
pub use metrics::{Scores, Tally, compare};
pub use pair::Pair;
pub use region::{character_pixels, face_window, mask_pixels};
pub use sheet::{ContactSheet, sheet_poses};
pub use ssim::{WINDOW, ssim_map};
pub use students::{Students, StudentsError};
pub use sweep::{STEPS, SWEPT, Sweep, SweepRatio, sweep_poses};
