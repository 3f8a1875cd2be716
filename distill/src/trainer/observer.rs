//! The events that a training reports to its observer.

use crate::{
    checkpoint::{CheckpointError, Damaged, HeldOut, Progress},
    recipe::Replay,
    report::ReportError,
};

/// An event of a training.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The teacher is open; holds its description.
    Teacher(&'a str),
    /// A student's training starts, or resumes from a checkpoint.
    Begun {
        /// The network's name.
        student: &'static str,
        /// How far it is.
        progress: &'a Progress,
        /// The examples of the whole training.
        total: u64,
        /// The examples after which this run ends.
        target: u64,
        /// Number of phases.
        phases: usize,
    },
    /// The replay buffer is smaller than in the recipe, or has another number format, because of the device.
    Fitted {
        /// The network's name.
        student: &'static str,
        /// As in the recipe.
        wished: &'a Replay,
        /// As kept.
        kept: &'a Replay,
    },
    /// A checkpoint cannot be used; an older one is.
    Damaged(&'a Damaged),
    /// The teacher renders pictures for the replay buffer or for validation.
    Rendering {
        /// Batches rendered.
        done: u64,
        /// Batches to render.
        of: u64,
    },
    /// A step is done.
    Step {
        /// How far the training is.
        progress: &'a Progress,
        /// The index of the phase.
        phase: usize,
    },
    /// The loss, about once a second.
    Loss {
        /// Examples seen.
        examples: u64,
        /// Adam's step size.
        learning_rate: f64,
        /// The total.
        total: f64,
        /// The weighted terms by name.
        terms: &'a [(&'static str, f64)],
    },
    /// The error on the held-out poses was measured.
    HeldOut(HeldOut),
    /// A checkpoint was written.
    Saved {
        /// Examples seen.
        examples: u64,
    },
    /// A checkpoint could not be written; training goes on.
    NotSaved(&'a CheckpointError),
    /// A log, plot or sheet could not be written; training goes on.
    NotReported(&'a ReportError),
}

/// Observes a training's progress.
pub trait ProgressObserver: Send {
    /// Handles an event. It must return quickly.
    fn notify(&mut self, event: &Event<'_>);
}

/// Ignores all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl ProgressObserver for NoObserver {
    fn notify(&mut self, _event: &Event<'_>) {}
}
