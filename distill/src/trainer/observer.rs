//! What a training tells while it runs.

use crate::{
    checkpoint::{CheckpointError, Damaged, HeldOut, Progress},
    recipe::Replay,
    report::ReportError,
};

/// Something that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The teacher is there, and says who it is.
    Teacher(&'a str),
    /// A student's training begins, or goes on from a snapshot.
    Begun {
        /// The network's name.
        student: &'static str,
        /// Where it is.
        progress: &'a Progress,
        /// Examples of the whole training.
        total: u64,
        /// Examples after which this run ends.
        target: u64,
        /// Number of phases.
        phases: usize,
    },
    /// Of the teacher's pictures fewer are kept than the recipe wishes, or in other numbers: the device has no room for
    /// them, or no such numbers.
    Fitted {
        /// The network's name.
        student: &'static str,
        /// What the recipe wishes.
        wished: &'a Replay,
        /// What is kept.
        kept: &'a Replay,
    },
    /// A snapshot cannot be used; an older one is.
    Damaged(&'a Damaged),
    /// The teacher paints pictures, to be kept or for the held-out error.
    Painting {
        /// Batches painted.
        done: u64,
        /// Batches to paint.
        of: u64,
    },
    /// A step was made.
    Step {
        /// Where the training is.
        progress: &'a Progress,
        /// Index of the phase.
        phase: usize,
    },
    /// What the loss was, now and then.
    Loss {
        /// Examples seen.
        examples: u64,
        /// Adam's step size.
        learning_rate: f64,
        /// The sum.
        total: f64,
        /// The weighted terms by name.
        terms: &'a [(&'static str, f64)],
    },
    /// The error on the held-out poses was measured.
    HeldOut(HeldOut),
    /// A snapshot was written.
    Saved {
        /// Examples seen.
        examples: u64,
    },
    /// A snapshot could not be written; training goes on, from the one before if it comes to that.
    NotSaved(&'a CheckpointError),
    /// A log, plot or sheet could not be written; training goes on.
    NotReported(&'a ReportError),
}

/// Somebody who listens.
pub trait ProgressObserver: Send {
    /// Takes note of an event; it must not take long.
    fn notify(&mut self, event: &Event<'_>);
}

/// Somebody who does not.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl ProgressObserver for NoObserver {
    fn notify(&mut self, _event: &Event<'_>) {}
}
