//! How far a student is from its teacher, in numbers: [`evaluate`] compares on poses that no training saw.

mod examiner;
mod metrics;
mod region;
mod ssim;
mod students;

pub use examiner::{EvalError, Evaluation, Examiner, FaceScores, evaluate};
pub use metrics::{Scores, Tally, compare};
pub use region::{character_pixels, face_window, mask_pixels};
pub use ssim::{WINDOW, ssim_map};
pub use students::{Students, StudentsError};
