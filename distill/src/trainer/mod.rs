//! Trains the students one after the other: examples, optimiser steps, validation, checkpoints.
//!
//! Everything random is a function of seeds and position ([`crate::examples`]), and the replay buffer is rendered again
//! after an interruption. So an interrupted training ends exactly like an uninterrupted one, bit for bit on backends
//! that are deterministic (the CPU is).

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
