//! How sources and orders wake the show's thread.

use bunraku_core::source::Waker;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
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

/// Which sources ring the bell. Others' samples change nothing that is shown, and a step for one of them would take the
/// place of the step that the next sample of the live source needs.
#[derive(Clone, Debug)]
pub(super) struct Listening(Arc<AtomicU64>);

impl Default for Listening {
    /// Everyone is heard.
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl Listening {
    /// Hears only source `live` and source `chosen` from now on; everyone while there is no live one.
    pub(super) fn hear(&self, live: Option<usize>, chosen: Option<usize>) {
        let heard = live.map_or(u64::MAX, |live| bit(live) | chosen.map_or(0, bit));
        self.0.store(heard, Ordering::Relaxed);
    }

    /// `bell` for source `index`.
    pub(super) fn waker(&self, index: usize, bell: Bell) -> Waker {
        let heard = Arc::clone(&self.0);
        Arc::new(move || {
            if heard.load(Ordering::Relaxed) & bit(index) != 0 {
                bell.ring();
            }
        })
    }
}

/// The bit of a source; far more fit than may run, and those beyond would only ring for one another.
const fn bit(index: usize) -> u64 {
    1 << (index % 64)
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

    #[test]
    fn only_the_live_and_the_chosen_source_ring_once_something_is_live() {
        let (bell, listening) = (Bell::default(), Listening::default());
        let wakers: Vec<_> = (0..3).map(|index| listening.waker(index, bell.clone())).collect();
        let heard = || {
            let rings = |waker: &Waker| {
                waker();
                bell.wait_until(Instant::now())
            };
            wakers.iter().map(rings).collect::<Vec<_>>()
        };
        assert_eq!(heard(), [true; 3]);
        listening.hear(Some(1), Some(1));
        assert_eq!(heard(), [false, true, false]);
        listening.hear(Some(2), Some(0));
        assert_eq!(heard(), [true, false, true]);
        listening.hear(None, Some(0));
        assert_eq!(heard(), [true; 3]);
    }
}
