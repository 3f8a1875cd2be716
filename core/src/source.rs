//! Capture sources: plugins that publish face samples until they are cancelled.
//!
//! A source runs as a task of its own and talks to the rest only through a [`SampleSender`]: the newest sample wins,
//! nothing is queued, and neither side ever waits for the other.

use crate::sample::FaceSample;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
pub use tokio_util::sync::CancellationToken;

/// How a capture source is doing, in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SourceState {
    /// Nothing has arrived yet; the text says what the source waits for and what you can do.
    Connecting(String),
    /// Samples arrive.
    Live,
    /// Samples have stopped arriving; the source keeps trying.
    Stale,
    /// The source cannot work as it is; the text says why and what to do. It may still recover by itself.
    Failed(String),
    /// Not started, or ended (a recording played to its end).
    #[default]
    Idle,
}

impl fmt::Display for SourceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting(what) => write!(f, "connecting: {what}"),
            Self::Live => f.write_str("live"),
            Self::Stale => f.write_str("stale"),
            Self::Failed(why) => write!(f, "failed: {why}"),
            Self::Idle => f.write_str("idle"),
        }
    }
}

/// A capture source. Implementations live in the `bunraku-capture` crate.
pub trait CaptureSource: Send {
    /// The name it is chosen by, such as `ifacialmocap`.
    fn name(&self) -> &'static str;

    /// One line for users: what it listens to, with its settings filled in.
    fn describe(&self) -> String;

    /// Publishes samples into `sender` until `stop` is cancelled; returns promptly then.
    ///
    /// Trouble is reported through [`SampleSender::report`] and the source recovers by itself; it returns early only when
    /// it has no more samples (a recording that does not loop) or cannot try again.
    fn run(self: Box<Self>, sender: SampleSender, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Called after each published sample and each change of state, to wake the thread that draws. Must not block.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Makes the two ends of a source's latest-value slot.
pub fn slot(wake: Waker) -> (SampleSender, SampleReceiver) {
    let (input, output) = triple_buffer::triple_buffer(&Published::default());
    let shared = Arc::new(Shared::default());
    let sender = SampleSender { input, sequence: 0, shared: Arc::clone(&shared), wake };
    (sender, SampleReceiver { output, shared })
}

#[derive(Clone, Copy, Default)]
struct Published {
    sequence: u64,
    sample: FaceSample,
}

/// The time that a source's newest sample took to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// The source's own work.
    pub work: Duration,
    /// From the capture of its picture to the publication of the sample: work and waiting.
    pub age: Duration,
}

#[derive(Default)]
struct Shared {
    state: Mutex<SourceState>,
    skipped: AtomicU64,
    /// Microseconds of work, then of age, 32 bits each; 0 if the source says nothing of it.
    timing: AtomicU64,
}

/// The source's end of its slot.
pub struct SampleSender {
    input: triple_buffer::Input<Published>,
    sequence: u64,
    shared: Arc<Shared>,
    wake: Waker,
}

impl SampleSender {
    /// Makes `sample` the newest; an older unread one is dropped. Allocates nothing and never blocks.
    pub fn publish(&mut self, sample: FaceSample) {
        self.sequence += 1;
        self.input.write(Published { sequence: self.sequence, sample });
        (self.wake)();
    }

    /// Reports the source's state. Call it on changes, not for every sample.
    pub fn report(&self, state: SourceState) {
        let mut current = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != state {
            tracing::info!("capture source is {state}");
            *current = state;
            drop(current);
            (self.wake)();
        }
    }

    /// Counts fields or packets that could not be used.
    pub fn skip(&self, count: usize) {
        self.shared.skipped.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Reports the time that the newest sample took, for a source that computes. Allocates nothing and never blocks.
    pub fn time(&self, timing: Timing) {
        let micros = |time: Duration| u64::from(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
        self.shared.timing.store(micros(timing.work) << 32 | micros(timing.age), Ordering::Relaxed);
    }
}

/// The reader's end of a source's slot.
pub struct SampleReceiver {
    output: triple_buffer::Output<Published>,
    shared: Arc<Shared>,
}

impl SampleReceiver {
    /// The newest sample with its sequence number (1 for the first; it grows with each one published), or none yet.
    /// Allocates nothing and never blocks.
    pub fn latest(&mut self) -> Option<(u64, FaceSample)> {
        let published = self.output.read();
        (published.sequence > 0).then_some((published.sequence, published.sample))
    }

    /// The state that the source reported. Allocates: for status read-outs, not for every frame.
    pub fn state(&self) -> SourceState {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many fields or packets the source could not use so far.
    pub fn skipped(&self) -> u64 {
        self.shared.skipped.load(Ordering::Relaxed)
    }

    /// The time that the newest sample took, if the source reports it.
    pub fn timing(&self) -> Option<Timing> {
        let both = self.shared.timing.load(Ordering::Relaxed);
        let micros = |part: u64| Duration::from_micros(part & u64::from(u32::MAX));
        (both > 0).then(|| Timing { work: micros(both >> 32), age: micros(both) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_sample_wins_and_wakes_the_reader() {
        let woken = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&woken);
        let (mut sender, mut receiver) = slot(Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        }));
        assert!(receiver.latest().is_none());
        for time in [1.0, 2.0, 3.0] {
            sender.publish(FaceSample { time, ..FaceSample::default() });
        }
        let (sequence, sample) = receiver.latest().expect("three were published");
        assert_eq!((sequence, sample.time), (3, 3.0));
        assert_eq!(woken.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn a_report_reaches_the_reader() {
        let (sender, receiver) = slot(Arc::new(|| {}));
        sender.report(SourceState::Failed("port 49983 is in use".to_owned()));
        sender.skip(2);
        assert_eq!(receiver.timing(), None);
        let timing = Timing { work: Duration::from_micros(8_100), age: Duration::from_hours(2) };
        sender.time(timing);
        assert_eq!(receiver.timing(), Some(Timing { age: Duration::from_micros(u64::from(u32::MAX)), ..timing }));
        assert_eq!(receiver.state(), SourceState::Failed("port 49983 is in use".to_owned()));
        assert_eq!(receiver.skipped(), 2);
    }
}
