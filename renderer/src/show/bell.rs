//! How sources and orders wake the show's thread.

use bunraku_core::source::Waker;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::Thread,
    time::Instant,
};

/// Anyone may ring it, one thread sleeps beside it. Ringing never blocks and allocates nothing; rings that come while
/// nobody waits are one ring.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rung: AtomicBool,
    sleeper: OnceLock<Thread>,
}

impl Bell {
    /// Wakes the sleeper, now or as soon as it lies down.
    pub fn ring(&self) {
        if !self.0.rung.swap(true, Ordering::AcqRel)
            && let Some(sleeper) = self.0.sleeper.get()
        {
            sleeper.unpark();
        }
    }

    /// The bell as the capture sources know it.
    pub fn waker(&self) -> Waker {
        let bell = self.clone();
        Arc::new(move || bell.ring())
    }

    /// Sleeps until the bell rings or `deadline` passes; true if it rang. The first thread that calls it is the
    /// sleeper for good.
    pub fn wait_until(&self, deadline: Instant) -> bool {
        self.0.sleeper.get_or_init(std::thread::current);
        loop {
            if self.0.rung.swap(false, Ordering::AcqRel) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            std::thread::park_timeout(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_ring_before_the_wait_is_not_lost_and_counts_once() {
        let bell = Bell::default();
        bell.ring();
        bell.ring();
        assert!(bell.wait_until(Instant::now() + Duration::from_mins(1)));
        assert!(!bell.wait_until(Instant::now()));
    }

    #[test]
    fn a_ring_from_another_thread_ends_the_wait() {
        let bell = Bell::default();
        let ringer = bell.waker();
        let thread = std::thread::spawn(move || ringer());
        assert!(bell.wait_until(Instant::now() + Duration::from_mins(1)));
        thread.join().expect("it only rings");
    }
}
