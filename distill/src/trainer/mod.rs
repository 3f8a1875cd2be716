//! Trains one student after the other: takes examples, steps downhill, measures, keeps what was reached.
//!
//! Everything random is a function of seeds and position ([`crate::examples`]), and what was painted before is painted
//! again, so a training that was interrupted ends as if it had not been, bit for bit where the backend computes the same
//! twice (the CPU does).

mod checkpointing;
mod distillation;
mod fit;
mod objective;
mod observer;
mod optimizer;
mod replay_buffer;
mod report_writer;
mod run;
mod run_directory;
mod start;
mod state_dict;
mod train_state;
mod training;
mod validation;

pub use distillation::{DistillError, Distillation, Finished};
pub(crate) use fit::Fit;
pub use objective::{BodyObjective, FaceObjective, Objective, PerceptualTerm, TargetBatch, Targets};
pub use observer::{Event, NoObserver, ProgressObserver};
pub(crate) use replay_buffer::{Examples, ReplayBuffer, Share, tensor};
pub use run_directory::{CONFIG, RunDirectory, RunDirectoryError, RunLock, STUDENTS, SavedConfig};
pub(crate) use train_state::TrainState;
pub use training::{Outcome, TrainError, Training};

#[cfg(test)]
mod tests;
