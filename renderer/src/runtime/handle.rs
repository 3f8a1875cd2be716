//! The handle of a running puppet: what the window, the control service and tests hold.

use super::{
    command::{Command, CommandError, Outcome, PendingCommand},
    status::{Status, StatusCell},
    wake::WakeSignal,
};
use crate::settings::Background;
use bunraku_core::source::Waker;
use bunraku_engine::Frame;
use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};
use tokio::sync::oneshot;

/// How many commands may wait for the puppet's next step.
const WAITING: usize = 64;

/// How many events are kept for subscribers that are slow to read them; beyond that the oldest notice is dropped.
const EVENTS: usize = 16;

/// Commands in, status and newest frame out. Cheap to clone; nothing but [`status`](Self::status) blocks.
#[derive(Clone)]
pub struct PuppetHandle {
    commands: SyncSender<PendingCommand>,
    shared: Arc<Shared>,
}

/// Something that happened to the puppet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message for the user.
    Notice(String),
    /// The background changed.
    Background(Background),
}

/// Keeps a subscriber registered until it is dropped.
pub struct Subscription {
    shared: Arc<Shared>,
    subscriber: Arc<Subscriber>,
}

struct Subscriber {
    wake: Waker,
    watching: AtomicBool,
}

/// What the puppet's thread shares with all handles.
#[derive(Default)]
struct Shared {
    wake: WakeSignal,
    status: StatusCell,
    /// The newest frame and its number, 1 for the first.
    frame: Mutex<(u64, Option<Frame>)>,
    events: Mutex<Events>,
    subscribers: Mutex<Vec<Arc<Subscriber>>>,
    ended: AtomicBool,
}

/// The newest events, and the number of the last one.
#[derive(Default)]
struct Events {
    newest: u64,
    kept: VecDeque<(u64, Event)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PuppetHandle {
    /// Sends a command; its effect shows in the status.
    ///
    /// # Errors
    /// When the puppet takes no commands now.
    pub fn send(&self, command: Command) -> Result<(), CommandError> {
        self.post(PendingCommand { command, reply: None })
    }

    /// Sends a command; the receiver gets its outcome.
    ///
    /// # Errors
    /// When the puppet takes no commands now.
    pub fn request(&self, command: Command) -> Result<oneshot::Receiver<Outcome>, CommandError> {
        let (reply, outcome) = oneshot::channel();
        self.post(PendingCommand { command, reply: Some(reply) }).map(|()| outcome)
    }

    fn post(&self, pending: PendingCommand) -> Result<(), CommandError> {
        self.commands.try_send(pending)?;
        self.shared.wake.wake();
        Ok(())
    }

    /// The status as of the next step; waits for it, at most a second.
    pub fn status(&self) -> Status {
        self.shared.status.read(&self.shared.wake)
    }

    /// The status as last written, and a request to write it again at the next step.
    pub fn latest_status(&self) -> Status {
        self.shared.status.latest()
    }

    /// The newest frame, once there is one.
    pub fn frame(&self) -> Option<Frame> {
        lock(&self.shared.frame).1.clone()
    }

    /// The newest frame, unless `seen` is its number already; sets `seen` to its number.
    pub fn frame_after(&self, seen: &mut u64) -> Option<Frame> {
        let newest = lock(&self.shared.frame);
        if newest.0 == *seen {
            return None;
        }
        *seen = newest.0;
        newest.1.clone()
    }

    /// The events since the one numbered `seen`, oldest first; sets `seen` to the number of the last one.
    pub fn events_after(&self, seen: &mut u64) -> Vec<Event> {
        let events = lock(&self.shared.events);
        let after = std::mem::replace(seen, events.newest);
        events.kept.iter().filter(|(number, _)| *number > after).map(|(_, event)| event.clone()).collect()
    }

    /// Has `wake` called for every new frame, for every event and at the end, from any thread. Frames are drawn for this
    /// subscriber until it [stops watching](Subscription::set_watching).
    pub fn subscribe(&self, wake: Waker) -> Subscription {
        let subscriber = Arc::new(Subscriber { wake, watching: AtomicBool::new(true) });
        lock(&self.shared.subscribers).push(Arc::clone(&subscriber));
        self.shared.wake.wake();
        Subscription { shared: Arc::clone(&self.shared), subscriber }
    }

    /// Whether the puppet has ended.
    pub fn has_ended(&self) -> bool {
        self.shared.ended.load(Ordering::Acquire)
    }
}

impl fmt::Debug for PuppetHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PuppetHandle").field("ended", &self.has_ended()).finish_non_exhaustive()
    }
}

impl Subscription {
    /// Says whether the subscriber shows the frames now. When nobody does, none are drawn.
    pub fn set_watching(&self, watching: bool) {
        self.subscriber.watching.store(watching, Ordering::Relaxed);
        self.shared.wake.wake();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        lock(&self.shared.subscribers).retain(|other| !Arc::ptr_eq(other, &self.subscriber));
    }
}

/// The puppet's end. Dropping it marks the puppet as ended.
pub(super) struct Publisher {
    commands: Receiver<PendingCommand>,
    shared: Arc<Shared>,
}

/// A handle and the puppet's end of it.
pub(super) fn channel() -> (PuppetHandle, Publisher) {
    let (sender, commands) = sync_channel(WAITING);
    let shared = Arc::<Shared>::default();
    (PuppetHandle { commands: sender, shared: Arc::clone(&shared) }, Publisher { commands, shared })
}

impl Publisher {
    /// The signal that wakes the puppet's thread.
    pub(super) fn wake_signal(&self) -> &WakeSignal {
        &self.shared.wake
    }

    /// The next command, if one waits.
    pub(super) fn take_command(&self) -> Option<PendingCommand> {
        self.commands.try_recv().ok()
    }

    /// Where the status is written.
    pub(super) fn status(&self) -> &StatusCell {
        &self.shared.status
    }

    /// Makes `frame` the newest. Allocates nothing.
    pub(super) fn publish_frame(&self, frame: &Frame) {
        let mut newest = lock(&self.shared.frame);
        newest.0 += 1;
        // The one it replaces is dropped after the lock.
        let old = newest.1.replace(frame.clone());
        drop(newest);
        drop(old);
        self.wake_subscribers();
    }

    /// Tells all subscribers of an event.
    pub(super) fn publish_event(&self, event: Event) {
        let mut events = lock(&self.shared.events);
        if events.kept.len() >= EVENTS {
            let oldest = events.kept.iter().position(|(_, event)| matches!(event, Event::Notice(_))).unwrap_or(0);
            events.kept.remove(oldest);
        }
        events.newest += 1;
        let number = events.newest;
        events.kept.push_back((number, event));
        drop(events);
        self.wake_subscribers();
    }

    /// Whether anyone shows the frames; none where nobody has subscribed.
    pub(super) fn is_watched(&self) -> Option<bool> {
        let subscribers = lock(&self.shared.subscribers);
        let watching = subscribers.iter().any(|subscriber| subscriber.watching.load(Ordering::Relaxed));
        (!subscribers.is_empty()).then_some(watching)
    }

    fn wake_subscribers(&self) {
        for subscriber in lock(&self.shared.subscribers).iter() {
            (subscriber.wake)();
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        self.wake_subscribers();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    fn counter() -> (Waker, Arc<AtomicUsize>) {
        let count = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&count);
        (Arc::new(move || _ = counted.fetch_add(1, Ordering::Relaxed)), count)
    }

    #[test]
    fn a_subscriber_is_woken_for_frames_events_and_the_end() {
        let (handle, publisher) = channel();
        let (wake, count) = counter();
        let _subscription = handle.subscribe(wake);
        publisher.publish_frame(&Frame::Cpu(Arc::default()));
        publisher.publish_event(Event::Notice("hello".to_owned()));
        assert!(!handle.has_ended());
        drop(publisher);
        assert!(handle.has_ended());
        assert_eq!(count.load(Ordering::Relaxed), 3);
        assert_eq!(handle.send(Command::Recentre), Err(CommandError::Ended));
    }

    #[test]
    fn a_frame_is_given_once_to_each_reader() {
        let (handle, publisher) = channel();
        let (mut first, mut second) = (0, 0);
        assert!(handle.frame_after(&mut first).is_none() && handle.frame().is_none());
        publisher.publish_frame(&Frame::Cpu(Arc::default()));
        assert!(handle.frame_after(&mut first).is_some() && handle.frame_after(&mut first).is_none());
        assert!(handle.frame_after(&mut second).is_some());
    }

    #[test]
    fn nobody_watches_once_every_subscriber_has_looked_away() {
        let (handle, publisher) = channel();
        assert_eq!(publisher.is_watched(), None);
        let [first, second] = [(); 2].map(|()| handle.subscribe(Arc::new(|| {})));
        first.set_watching(false);
        assert_eq!(publisher.is_watched(), Some(true));
        second.set_watching(false);
        assert_eq!(publisher.is_watched(), Some(false));
        drop((first, second));
        assert_eq!(publisher.is_watched(), None);
    }

    #[test]
    fn a_slow_reader_misses_old_notices_but_no_background() {
        let (handle, publisher) = channel();
        publisher.publish_event(Event::Background(Background::Colour([1, 2, 3])));
        for index in 0..100 {
            publisher.publish_event(Event::Notice(index.to_string()));
        }
        let mut seen = 0;
        let events = handle.events_after(&mut seen);
        assert_eq!(events.len(), EVENTS);
        assert_eq!(events[0], Event::Background(Background::Colour([1, 2, 3])));
        assert_eq!(events[EVENTS - 1], Event::Notice("99".to_owned()));
        assert_eq!(handle.events_after(&mut seen), []);
    }
}
