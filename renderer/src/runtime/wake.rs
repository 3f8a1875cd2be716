//! The signal that wakes the puppet's thread, and which sources may give it.

use bunraku_core::{channel::CHANNEL_COUNT, source::Waker};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::Thread,
    time::Instant,
};

/// Wakes the one thread that waits for it. Waking never blocks and allocates nothing; a wake-up while nobody waits is
/// kept, and several of them count as one.
#[derive(Clone, Debug, Default)]
pub(super) struct WakeSignal(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    pending: AtomicBool,
    waiter: OnceLock<Thread>,
}

impl WakeSignal {
    /// Wakes the waiting thread, now or as soon as it waits.
    pub(super) fn wake(&self) {
        if !self.0.pending.swap(true, Ordering::AcqRel)
            && let Some(waiter) = self.0.waiter.get()
        {
            waiter.unpark();
        }
    }

    /// Waits for a wake-up until `deadline`; whether one came. Only the first thread that calls it may wait.
    pub(super) fn wait_until(&self, deadline: Instant) -> bool {
        self.0.waiter.get_or_init(std::thread::current);
        loop {
            if self.0.pending.swap(false, Ordering::AcqRel) {
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

/// Which sources wake the puppet. Samples of the others change nothing visible, and a step for one of them would delay
/// the step for the next sample of one that drives the face.
#[derive(Clone, Debug)]
pub(super) struct WakingSources(Arc<AtomicU64>);

impl Default for WakingSources {
    /// All of them.
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl WakingSources {
    /// From now on only the `drivers` of the face's channels and source `chosen`; all of them while a channel has no
    /// driver.
    pub(super) fn set(&self, drivers: [Option<usize>; CHANNEL_COUNT], chosen: Option<usize>) {
        let heard =
            drivers.into_iter().fold(chosen.map_or(0, bit), |heard, driver| heard | driver.map_or(u64::MAX, bit));
        self.0.store(heard, Ordering::Relaxed);
    }

    /// `signal` for source `index`.
    pub(super) fn waker(&self, index: usize, signal: WakeSignal) -> Waker {
        let heard = Arc::clone(&self.0);
        Arc::new(move || {
            if heard.load(Ordering::Relaxed) & bit(index) != 0 {
                signal.wake();
            }
        })
    }
}

/// The bit of a source. Far fewer than 64 may run; beyond that sources would share a bit.
const fn bit(index: usize) -> u64 {
    1 << (index % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_wake_up_before_the_wait_is_kept_and_counts_once() {
        let signal = WakeSignal::default();
        signal.wake();
        signal.wake();
        assert!(signal.wait_until(Instant::now() + Duration::from_mins(1)));
        assert!(!signal.wait_until(Instant::now()));
    }

    #[test]
    fn a_wake_up_from_another_thread_ends_the_wait() {
        let signal = WakeSignal::default();
        let waking = signal.clone();
        let thread = std::thread::spawn(move || waking.wake());
        assert!(signal.wait_until(Instant::now() + Duration::from_mins(1)));
        thread.join().expect("it only wakes");
    }

    #[test]
    fn only_drivers_and_the_chosen_source_wake_the_puppet() {
        let (signal, waking) = (WakeSignal::default(), WakingSources::default());
        let wakers: Vec<_> = (0..3).map(|index| waking.waker(index, signal.clone())).collect();
        let woken = || {
            let wakes = |waker: &Waker| {
                waker();
                signal.wait_until(Instant::now())
            };
            wakers.iter().map(wakes).collect::<Vec<_>>()
        };
        assert_eq!(woken(), [true; 3]);
        waking.set([Some(1); CHANNEL_COUNT], Some(1));
        assert_eq!(woken(), [false, true, false]);
        waking.set([Some(2); CHANNEL_COUNT], Some(0));
        assert_eq!(woken(), [true, false, true]);
        let mut drivers = [Some(2); CHANNEL_COUNT];
        drivers[0] = Some(1);
        waking.set(drivers, None);
        assert_eq!(woken(), [false, true, true]);
        drivers[1] = None;
        waking.set(drivers, Some(0));
        assert_eq!(woken(), [true; 3]);
    }
}
