//! The backoff: when to try again to open a lost device, at once at first, then ever less often.

use std::time::{Duration, Instant};

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The tries since the device last worked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    tried: Option<(Instant, Duration)>,
}

impl Backoff {
    /// When the next try is due; none if at once.
    pub(super) fn due(self) -> Option<Instant> {
        self.tried.map(|(at, wait)| at + wait)
    }

    /// Whether a try is due at `now`, which may be a moment ago.
    pub(super) fn is_due(self, now: Instant) -> bool {
        self.due().is_none_or(|due| due <= now)
    }

    /// A try was made, whatever came of it.
    pub(super) fn tried(&mut self, now: Instant) {
        let wait = self.tried.map_or(FIRST_WAIT, |(_, wait)| (2 * wait).min(LONGEST_WAIT));
        self.tried = Some((now, wait));
    }

    /// The device works.
    pub(super) fn succeeded(&mut self) {
        self.tried = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_become_rarer_until_one_succeeds() {
        let mut now = Instant::now();
        let mut backoff = Backoff::default();
        assert!(backoff.is_due(now), "the first try is made at once");
        let mut waits = Vec::new();
        for _ in 0..8 {
            backoff.tried(now);
            let due = backoff.due().expect("a try was made");
            assert!(!backoff.is_due(now) && backoff.is_due(due));
            waits.push(due.duration_since(now));
            now = due;
        }
        assert_eq!(waits[..2], [FIRST_WAIT, 2 * FIRST_WAIT]);
        assert_eq!(waits[7], LONGEST_WAIT);
        backoff.succeeded();
        assert_eq!(backoff.due(), None);
    }
}
