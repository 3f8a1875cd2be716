//! The thread that tracks: takes the newest frame, publishes a face sample, and reports the source's state.

use super::{
    super::{FaceTracker, Preference, TrackerOptions, frames::RgbFrame, models},
    MediaPipeSettings,
    causes::with_causes,
    exchange::{CapturedFrame, Event, Exchange, GrabberStatus},
    light::Light,
    sample::Shapes,
};
use crate::Preview;
use bunraku_core::{
    sample::FaceSample,
    source::{SampleSender, SourceState, Timing},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// How long without a frame before the source counts as stale.
const FRAME_TIMEOUT: Duration = Duration::from_secs(2);

/// How many such timeouts before the first frame are reported as a failure: cameras take a second or two to start.
const FIRST_FRAME_TIMEOUTS: usize = 3;

/// How often to look for missing models.
const MODELS_INTERVAL: Duration = Duration::from_secs(3);

/// How many frames in a row that cannot be tracked are reported as a failure.
const MOST_UNTRACKABLE: usize = 15;

/// Tracks frames and publishes the face found in them.
pub(super) struct Tracking {
    analyzer: Analyzer,
    frames: triple_buffer::Output<CapturedFrame>,
    exchange: Exchange,
    sender: SampleSender,
    started: Instant,
    /// The last frame's session and time in milliseconds.
    last: Option<(u32, u64)>,
    /// What is tracked, for messages.
    input: String,
    has_failed: bool,
    untrackable: usize,
    /// Timeouts before the first frame.
    timeouts: usize,
}

/// Finds the face in a frame.
struct Analyzer {
    tracker: FaceTracker,
    light: Light,
    preview: Preview,
    shapes: Shapes,
    sample: FaceSample,
}

/// Waits until the models are installed, then creates the tracker; `None` if stopped before.
pub(super) fn make_tracker(
    settings: &MediaPipeSettings,
    sender: &SampleSender,
    exchange: &Exchange,
) -> Option<FaceTracker> {
    loop {
        match open_tracker(settings) {
            Ok(tracker) => return Some(tracker),
            Err(why) => sender.report(SourceState::Failed(why)),
        }
        if exchange.sleep_until(Instant::now() + MODELS_INTERVAL) {
            return None;
        }
    }
}

fn open_tracker(settings: &MediaPipeSettings) -> Result<FaceTracker, String> {
    let folder = settings.models.clone().map_or_else(models::folder, Ok).map_err(|error| with_causes(&error))?;
    let models = models::load(&folder).map_err(|error| with_causes(&error))?;
    let options = TrackerOptions {
        preference: Preference::Largest,
        runtime: settings.runtime,
        threads: settings.threads,
        ..TrackerOptions::default()
    };
    let tracker = FaceTracker::new(&models, &options).map_err(|error| with_causes(&error))?;
    tracing::info!("tracking faces with {}", tracker.runtime());
    Ok(tracker)
}

impl Analyzer {
    /// Updates the sample from a frame, `seconds` after the previous one. Returns how many numbers were unusable.
    ///
    /// # Errors
    /// The frame cannot be tracked.
    fn analyze(&mut self, frame: &mut RgbFrame, time_ms: u64, seconds: f64) -> Result<usize, String> {
        self.light.apply(frame);
        self.sample.tracked = false;
        let view = frame.view().map_err(|error| with_causes(&error))?;
        let face = self.tracker.track(view, time_ms).map_err(|error| with_causes(&error))?.first();
        self.light.learn(frame, face.map(|face| &face.region), seconds);
        self.preview.show(|picture| {
            picture.shrink(frame.width, frame.height, &frame.data);
            picture.points.extend(face.iter().flat_map(|face| &face.landmarks).map(|&[x, y, _]| [x, y]));
        });
        Ok(face.map_or(0, |face| self.shapes.put(face, &mut self.sample)))
    }
}

impl Tracking {
    pub(super) fn new(
        settings: &MediaPipeSettings,
        tracker: FaceTracker,
        frames: triple_buffer::Output<CapturedFrame>,
        exchange: Exchange,
        preview: Preview,
        sender: SampleSender,
    ) -> Self {
        let light = Light::new(settings.brightness, settings.gamma, settings.auto_light);
        let analyzer = Analyzer { tracker, light, preview, shapes: Shapes::default(), sample: FaceSample::default() };
        let (started, input) = (Instant::now(), settings.source().to_string());
        Self {
            analyzer,
            frames,
            exchange,
            sender,
            started,
            last: None,
            input,
            has_failed: false,
            untrackable: 0,
            timeouts: 0,
        }
    }

    /// Tracks until stopped or until there are no more frames.
    pub(super) fn run(mut self) {
        self.sender.report(SourceState::Connecting(format!("opening {}", self.input)));
        loop {
            match self.exchange.next(FRAME_TIMEOUT) {
                Event::Stop => return,
                Event::Grabber(GrabberStatus::Ended) => return self.sender.report(SourceState::Idle),
                Event::Grabber(GrabberStatus::Opened(what)) => {
                    self.sender.report(SourceState::Connecting(format!("waiting for the first frame from {what}")));
                }
                Event::Grabber(GrabberStatus::Failed(why)) => self.fail(why),
                Event::Frame => self.take(),
                // The failure already reported says more.
                Event::Timeout if self.has_failed => {}
                Event::Timeout if self.last.is_none() => self.wait(),
                Event::Timeout => self.sender.report(SourceState::Stale),
            }
        }
    }

    /// Counts a timeout before the first frame; after some of them, reports a failure.
    fn wait(&mut self) {
        self.timeouts += 1;
        if self.timeouts >= FIRST_FRAME_TIMEOUTS {
            self.fail(format!(
                "no frames arrive from {}: close other programs that use it, or unplug it and plug it in again",
                self.input
            ));
        }
    }

    fn fail(&mut self, why: String) {
        self.has_failed = true;
        self.sender.report(SourceState::Failed(why));
    }

    /// Tracks the newest frame.
    fn take(&mut self) {
        self.frames.update();
        let begun = Instant::now();
        let &mut CapturedFrame { session, at, .. } = self.frames.output_buffer_mut();
        let since_start = at.saturating_duration_since(self.started);
        let (time_ms, seconds) = self.advance(session, since_start);
        // A runtime that panics on one frame must not end the source silently.
        let analyzed = catch_unwind(AssertUnwindSafe(|| {
            self.analyzer.analyze(&mut self.frames.output_buffer_mut().frame, time_ms, seconds)
        }));
        match analyzed.unwrap_or_else(|_| Err("the tracker crashed; see the log".to_owned())) {
            Ok(skipped) => {
                self.analyzer.sample.time = since_start.as_secs_f64();
                self.sender.skip(skipped);
                self.publish(begun.elapsed(), at);
            }
            Err(why) => self.refuse(&why),
        }
    }

    /// The frame's time in milliseconds and the seconds since the previous frame. A new session restarts the tracker.
    fn advance(&mut self, session: u32, since_start: Duration) -> (u64, f64) {
        let mut time_ms = since_start.as_millis() as u64;
        let mut seconds = 0.0;
        if let Some((last_session, last_ms)) = self.last {
            if last_session != session {
                self.analyzer.tracker.reset();
            }
            // The tracker's smoothing needs strictly increasing times.
            time_ms = time_ms.max(last_ms + 1);
            seconds = (time_ms - last_ms) as f64 / 1000.0;
        }
        self.last = Some((session, time_ms));
        (time_ms, seconds)
    }

    fn publish(&mut self, work: Duration, captured_at: Instant) {
        (self.untrackable, self.has_failed) = (0, false);
        self.sender.report(SourceState::Live);
        self.sender.time(Timing { work, age: captured_at.elapsed() });
        self.sender.publish(self.analyzer.sample);
    }

    /// Counts a frame that cannot be tracked; after some of them in a row, reports a failure.
    fn refuse(&mut self, why: &str) {
        self.sender.skip(1);
        self.untrackable += 1;
        if self.untrackable >= MOST_UNTRACKABLE {
            self.fail(format!("cannot track the frames from {}: {why}", self.input));
        }
    }
}
