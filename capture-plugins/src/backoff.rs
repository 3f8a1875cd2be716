//! Exponential backoff between retries.

use std::time::Duration;

/// Delays that double from `first` up to `most`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, next: first }
    }

    /// The delay before the next attempt.
    pub(crate) fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.most);
        wait
    }

    /// Starts again from the first delay, after a success.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}
