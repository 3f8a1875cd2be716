//! Trains one student after the other: takes examples, steps downhill, measures, keeps what was reached.
//!
//! Everything random is a function of seeds and position ([`crate::examples`]), and what was painted before is painted
//! again, so a training that was interrupted ends as if it had not been, bit for bit where the backend computes the same
//! twice (the CPU does).

mod distillation;
mod exam;
mod fit;
mod gallery;
mod journal;
mod learner;
mod lesson;
mod optimizer;
mod prefix;
mod run;
mod state;
mod training;
mod upkeep;
mod watch;

pub use distillation::{DistillError, Distillation, Finished};
pub(crate) use fit::Fit;
pub(crate) use gallery::{Examples, Gallery, Share, tensor};
pub(crate) use learner::Learner;
pub use lesson::{BodyLesson, FaceLesson, Lesson, Painted, PerceptualTerm, Shown};
pub use prefix::{CONFIG, Claim, Kept, Prefix, PrefixError, STUDENTS};
pub use training::{Outcome, TrainError, Training};
pub use watch::{Event, Unwatched, Watch};

#[cfg(test)]
mod tests;
