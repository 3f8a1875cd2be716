//! How long to wait before trying again.

use std::time::Duration;

/// Waits that double from `first` to `most` until something works.
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

    /// How long to wait this time.
    pub(crate) fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(self.most);
        wait
    }

    /// It worked: begin anew.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}
