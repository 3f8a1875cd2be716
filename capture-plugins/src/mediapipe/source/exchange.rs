//! What the grabbing and the tracking thread exchange: the newest frame, and how the input is doing.

use super::super::frames::RgbFrame;
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A frame on its way to the tracker.
#[derive(Clone, Debug)]
pub(super) struct CapturedFrame {
    pub(super) frame: RgbFrame,
    /// When it was taken.
    pub(super) at: Instant,
    /// Grows each time the input is opened; frames of different sessions are unrelated.
    pub(super) session: u32,
}

/// What the grabber reports besides frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GrabberStatus {
    /// This input is open, and frames will follow.
    Opened(String),
    /// It failed, for this reason, and will be tried again.
    Failed(String),
    /// There are no more frames.
    Ended,
}

/// What woke the tracking thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It has to stop.
    Stop,
    /// The grabber reported a change.
    Grabber(GrabberStatus),
    /// A newer frame is available.
    Frame,
    /// Nothing happened before the timeout.
    Timeout,
}

#[derive(Debug, Default)]
struct State {
    stop: bool,
    frame: bool,
    status: Option<GrabberStatus>,
}

/// Wakes either thread. Clones share one state.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange(Arc<(Mutex<State>, Condvar)>);

impl Exchange {
    /// A triple buffer for the frames themselves, so that none is copied or queued.
    pub(super) fn frames() -> (triple_buffer::Input<CapturedFrame>, triple_buffer::Output<CapturedFrame>) {
        triple_buffer::triple_buffer(&CapturedFrame { frame: RgbFrame::default(), at: Instant::now(), session: 0 })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.1.notify_all();
    }

    /// Stops both threads.
    pub(super) fn stop(&self) {
        self.change(|state| state.stop = true);
    }

    /// Announces a newer frame in the buffer.
    pub(super) fn notify_frame(&self) {
        self.change(|state| state.frame = true);
    }

    /// Announces the grabber's status, replacing an earlier one that was not read.
    pub(super) fn tell(&self, status: GrabberStatus) {
        self.change(|state| state.status = Some(status));
    }

    /// Sleeps until `until` or until stopped; true if stopped.
    pub(super) fn sleep_until(&self, until: Instant) -> bool {
        let mut state = self.state();
        while !state.stop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.0.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Waits for the next event, at most for `timeout`.
    ///
    /// `Opened` comes before the frames that follow it; `Ended` and `Failed` come after the frame that preceded them.
    pub(super) fn next(&self, timeout: Duration) -> Event {
        let quiet = |state: &mut State| !state.stop && !state.frame && state.status.is_none();
        let waited = self.0.1.wait_timeout_while(self.state(), timeout, quiet);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if state.stop {
            return Event::Stop;
        }
        let frame_first = state.frame && matches!(state.status, Some(GrabberStatus::Ended | GrabberStatus::Failed(_)));
        if !frame_first && let Some(status) = state.status.take() {
            return Event::Grabber(status);
        }
        if std::mem::take(&mut state.frame) { Event::Frame } else { Event::Timeout }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_not_queued_and_the_last_comes_before_the_end() {
        let exchange = Exchange::default();
        exchange.notify_frame();
        exchange.notify_frame();
        exchange.tell(GrabberStatus::Ended);
        let events: Vec<_> = (0..3).map(|_| exchange.next(Duration::ZERO)).collect();
        assert_eq!(events, [Event::Frame, Event::Grabber(GrabberStatus::Ended), Event::Timeout]);
    }

    #[test]
    fn opening_is_announced_before_the_frames() {
        let exchange = Exchange::default();
        exchange.notify_frame();
        exchange.tell(GrabberStatus::Opened("clip".to_owned()));
        assert_eq!(exchange.next(Duration::ZERO), Event::Grabber(GrabberStatus::Opened("clip".to_owned())));
        assert_eq!(exchange.next(Duration::ZERO), Event::Frame);
    }

    #[test]
    fn stopping_wakes_a_sleeping_thread() {
        let exchange = Exchange::default();
        let sleeper = exchange.clone();
        let thread = std::thread::spawn(move || sleeper.sleep_until(Instant::now() + Duration::from_mins(10)));
        exchange.stop();
        assert!(thread.join().expect("no panic"));
        assert_eq!(exchange.next(Duration::from_mins(10)), Event::Stop);
        assert!(!Exchange::default().sleep_until(Instant::now()));
    }
}
