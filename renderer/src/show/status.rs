//! What the show says about itself, when somebody looks.

use super::bell::Bell;
use bunraku_core::{pose::Pose, source::SourceState};
use bunraku_engine::Description;
use serde::Serialize;
use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The show at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// This program's version.
    pub version: &'static str,
    /// Seconds since the show began.
    pub uptime_s: f64,
    /// The character's name.
    pub character: String,
    /// What draws.
    pub engine: EngineStatus,
    /// `full`, `high` or `fast`: the quality in force.
    pub quality: &'static str,
    /// Whether the frame rate decides on the quality.
    pub quality_auto: bool,
    /// Edge of the output in pixels.
    pub size: usize,
    /// What is behind the character, as on the command line.
    pub background: String,
    /// Steps a second over the last second.
    pub fps: f64,
    /// What the student took for the last frame, in milliseconds.
    pub student_ms: f64,
    /// Steps since the show began.
    pub steps: u64,
    /// Frames drawn since the show began; a step whose pose did not change draws none.
    pub frames: u64,
    /// The pose of the last step, 45 numbers.
    pub pose: Pose,
    /// The sources, in their order.
    pub sources: Vec<SourceStatus>,
    /// The last thing that went wrong or was changed by itself, or empty.
    pub notice: String,
}

/// What draws, as `bench` calls it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EngineStatus {
    /// `cpu` or `gpu`.
    pub engine: &'static str,
    /// The processor's or adapter's name.
    pub adapter: String,
    /// Such as `f32`.
    pub precision: &'static str,
    /// Threads of the CPU engine; 0 for a GPU.
    pub threads: usize,
}

impl From<Description> for EngineStatus {
    fn from(description: Description) -> Self {
        let Description { engine, adapter, precision, threads } = description;
        Self { engine, adapter, precision, threads }
    }
}

/// One source at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceStatus {
    /// Its place in the list, 0 first.
    pub index: usize,
    /// The name it is chosen by, such as `replay`, or `replay 2` for another one.
    pub name: String,
    /// What it is: its name in the registry.
    pub kind: &'static str,
    /// What it listens to, for people.
    pub about: String,
    /// Whether it drives the puppet.
    pub live: bool,
    /// Whether it is the one asked for, which drives the puppet whenever it can.
    pub chosen: bool,
    /// How it is doing, for programs: `idle`, `connecting`, `live`, `stale`, `frozen`, `lost` (samples, but no face) or
    /// `failed`.
    pub state: &'static str,
    /// The same for people, with what to do.
    pub says: String,
    /// Seconds since its newest sample, or none yet.
    pub age_s: Option<f64>,
    /// Samples a second.
    pub rate: f64,
    /// Fields and packets it could not use.
    pub skipped: u64,
    /// What a source that computes took for its newest sample, in milliseconds.
    pub work_ms: Option<f64>,
    /// How old what it saw was when its newest sample was ready, in milliseconds.
    pub latency_ms: Option<f64>,
    /// The state in its own type.
    #[serde(skip)]
    pub own: SourceState,
}

/// How long a reader waits for the show to describe itself before it takes the last description.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where the status is put when somebody asked, so that nothing is written down while nobody looks.
#[derive(Clone, Debug)]
pub struct Board {
    inner: Arc<Inner>,
    bell: Bell,
}

#[derive(Debug, Default)]
struct Inner {
    wanted: AtomicBool,
    written: Condvar,
    page: Mutex<Page>,
}

#[derive(Debug, Default)]
struct Page {
    edition: u64,
    status: Status,
}

impl Board {
    /// An empty board; `bell` wakes the show.
    pub(super) fn new(bell: Bell) -> Self {
        Self { inner: Arc::default(), bell }
    }

    /// The show as it is now. Waits for its next step, at most a second.
    pub fn read(&self) -> Status {
        let page = self.inner.page.lock().unwrap_or_else(PoisonError::into_inner);
        let edition = page.edition;
        self.inner.wanted.store(true, Ordering::Release);
        self.bell.ring();
        let waited = self.inner.written.wait_timeout_while(page, PATIENCE, |page| page.edition == edition);
        waited.unwrap_or_else(PoisonError::into_inner).0.status.clone()
    }

    /// The show as it was when it was last described, and asks for a newer description.
    pub fn glance(&self) -> Status {
        self.inner.wanted.store(true, Ordering::Release);
        self.inner.page.lock().unwrap_or_else(PoisonError::into_inner).status.clone()
    }

    /// Whether somebody asked since the last description. Allocates nothing.
    pub(super) fn is_wanted(&self) -> bool {
        self.inner.wanted.load(Ordering::Acquire)
    }

    /// Puts up a description.
    pub(super) fn write(&self, status: Status) {
        self.inner.wanted.store(false, Ordering::Release);
        let mut page = self.inner.page.lock().unwrap_or_else(PoisonError::into_inner);
        *page = Page { edition: page.edition + 1, status };
        drop(page);
        self.inner.written.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_reader_gets_a_description_made_after_it_asked() {
        let bell = Bell::default();
        let board = Board::new(bell.clone());
        board.write(Status { steps: 1, ..Status::default() });
        let reader = board.clone();
        let thread = std::thread::spawn(move || reader.read());
        assert!(bell.wait_until(Instant::now() + Duration::from_mins(1)), "reading wakes the show");
        assert!(board.is_wanted());
        board.write(Status { steps: 2, ..Status::default() });
        assert_eq!(thread.join().expect("the reader").steps, 2);
        assert!(!board.is_wanted());
    }
}
