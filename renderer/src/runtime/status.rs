//! The status: what the puppet says about itself when somebody asks.

use super::wake::WakeSignal;
use bunraku_core::{channel::Channels, pose::Pose, source::SourceState};
use bunraku_engine::Description;
use serde::Serialize;
use std::{
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use utoipa::ToSchema;

/// The puppet at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Status {
    /// This program's version.
    pub version: &'static str,
    /// Seconds since the puppet began.
    pub uptime_s: f64,
    /// The character's name.
    pub character: String,
    /// The engine.
    pub engine: EngineStatus,
    /// `full`, `high` or `fast`: the quality in force.
    pub quality: &'static str,
    /// Whether the frame rate decides on the quality.
    pub quality_auto: bool,
    /// Edge of the output in pixels.
    pub size: usize,
    /// The background, as on the command line.
    pub background: String,
    /// Steps a second over the last second.
    pub fps: f64,
    /// Milliseconds that drawing the last frame took.
    pub student_ms: f64,
    /// Steps since the puppet began.
    pub steps: u64,
    /// Frames drawn since the puppet began; a step whose pose did not change draws none.
    pub frames: u64,
    /// The pose of the last step, 45 numbers.
    #[schema(value_type = Vec<f32>, min_items = 45, max_items = 45)]
    pub pose: Pose,
    /// The sources, in their order.
    pub sources: Vec<SourceStatus>,
    /// GPU buffers mapped so far to read frames back; a frame shown by the window maps none.
    pub readbacks: u64,
    /// The last notice, or empty: what went wrong or changed by itself.
    pub notice: String,
}

/// The engine that draws, in `bench`'s words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct SourceStatus {
    /// Its place in the list, 0 first.
    pub index: usize,
    /// The name it is chosen by, such as `replay`, or `replay 2` for another one.
    pub name: String,
    /// Its name in the registry.
    pub kind: &'static str,
    /// What it listens to, in words.
    pub about: String,
    /// Whether it drives any channel of the face.
    pub live: bool,
    /// The channels of the face that it drives now, such as `head+mouth`; empty if none.
    #[schema(value_type = String)]
    pub drives: Channels,
    /// Whether it was asked for: it drives its channels whenever it can.
    pub chosen: bool,
    /// Its state, for programs: `idle`, `connecting`, `live`, `stale`, `frozen`, `lost` (samples, but no face) or
    /// `failed`.
    pub state: &'static str,
    /// The same in words, with what to do.
    pub says: String,
    /// Seconds since its newest sample, or none yet.
    pub age_s: Option<f64>,
    /// Samples a second.
    pub rate: f64,
    /// Fields and packets it could not use.
    pub skipped: u64,
    /// Milliseconds of work behind the newest sample, for a source that computes.
    pub work_ms: Option<f64>,
    /// Milliseconds from what it saw to its newest sample, for a source that computes.
    pub latency_ms: Option<f64>,
    /// The state in its own type.
    #[serde(skip)]
    pub own: SourceState,
}

/// How long a reader waits for a newer status before it takes the last one.
const PATIENCE: Duration = Duration::from_secs(1);

/// Holds the last status. One is written only when somebody asked for it.
#[derive(Debug, Default)]
pub(super) struct StatusCell {
    wanted: AtomicBool,
    written: Condvar,
    latest: Mutex<Numbered>,
}

#[derive(Debug, Default)]
struct Numbered {
    number: u64,
    status: Status,
}

impl StatusCell {
    /// The status as of the puppet's next step, which `wake` brings on. Waits for it, at most a second.
    pub(super) fn read(&self, wake: &WakeSignal) -> Status {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let number = latest.number;
        self.wanted.store(true, Ordering::Release);
        wake.wake();
        let waited = self.written.wait_timeout_while(latest, PATIENCE, |latest| latest.number == number);
        waited.unwrap_or_else(PoisonError::into_inner).0.status.clone()
    }

    /// The status as last written; asks for another.
    pub(super) fn latest(&self) -> Status {
        self.wanted.store(true, Ordering::Release);
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).status.clone()
    }

    /// Whether somebody asked since the last one was written. Allocates nothing.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    /// Makes `status` the latest.
    pub(super) fn write(&self, status: Status) {
        self.wanted.store(false, Ordering::Release);
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = Numbered { number: latest.number + 1, status };
        drop(latest);
        self.written.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, time::Instant};

    #[test]
    fn a_reader_gets_a_status_written_after_it_asked() {
        let (wake, cell) = (WakeSignal::default(), Arc::<StatusCell>::default());
        cell.write(Status { steps: 1, ..Status::default() });
        let (reader, waking) = (Arc::clone(&cell), wake.clone());
        let thread = std::thread::spawn(move || reader.read(&waking));
        assert!(wake.wait_until(Instant::now() + Duration::from_mins(1)), "reading wakes the puppet");
        assert!(cell.is_wanted());
        cell.write(Status { steps: 2, ..Status::default() });
        assert_eq!(thread.join().expect("the reader").steps, 2);
        assert!(!cell.is_wanted());
    }
}
