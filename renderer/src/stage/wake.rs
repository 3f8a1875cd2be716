//! Waking the window from other threads.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use winit::event_loop::EventLoopProxy;

/// The window was woken: something is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Woken;

/// Wakes the window's thread. Clones wake the same window; calls before it has woken up are one.
#[derive(Clone)]
pub struct Waker {
    proxy: EventLoopProxy<Woken>,
    pending: Arc<AtomicBool>,
}

impl Waker {
    pub(super) fn new(proxy: EventLoopProxy<Woken>) -> Self {
        Self { proxy, pending: Arc::default() }
    }

    /// Has the window look for what is newer. Never blocks.
    pub fn wake(&self) {
        if !self.pending.swap(true, Ordering::AcqRel) {
            // The window is gone if this fails, and nobody is to be woken.
            self.proxy.send_event(Woken).ok();
        }
    }

    /// From here on another call wakes again.
    pub(super) fn answer(&self) {
        self.pending.store(false, Ordering::Release);
    }
}
