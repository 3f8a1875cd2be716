//! The thread that tracks: pictures in, face samples out, and a word on how it goes.

use super::{
    super::{FaceTracker, Preference, TrackerOptions, frames::RgbFrame, models},
    MediaPipeSettings,
    exchange::{Event, Exchange, News, Seen},
    grabber::words,
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

/// How long no picture may come before the source says so.
const SILENCE: Duration = Duration::from_secs(2);

/// How often nothing at all may have come from a source that was opened before its person is told: cameras take a
/// second or two to wake.
const SILENCES: usize = 3;

/// How often it is looked whether the models are there now.
const MODELS: Duration = Duration::from_secs(3);

/// Pictures in a row that cannot be tracked before the person is told.
const UNTRACKABLE: usize = 15;

/// Tracks pictures and publishes what it finds.
pub(super) struct Watcher {
    eye: Eye,
    pictures: triple_buffer::Output<Seen>,
    exchange: Exchange,
    sender: SampleSender,
    started: Instant,
    /// The last picture: its session and its time in milliseconds.
    last: Option<(u32, u64)>,
    /// What is tracked, for people.
    of: String,
    in_trouble: bool,
    untrackable: usize,
    /// Times that nothing came before the first picture.
    silences: usize,
}

/// What looks at a picture.
struct Eye {
    tracker: FaceTracker,
    light: Light,
    preview: Preview,
    shapes: Shapes,
    sample: FaceSample,
}

/// Waits for the models, then makes the tracker; none when it is to end before.
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
        if exchange.sleep_until(Instant::now() + MODELS) {
            return None;
        }
    }
}

fn open_tracker(settings: &MediaPipeSettings) -> Result<FaceTracker, String> {
    let folder = settings.models.clone().map_or_else(models::folder, Ok).map_err(|error| words(&error))?;
    let models = models::load(&folder).map_err(|error| words(&error))?;
    let options = TrackerOptions {
        preference: Preference::Largest,
        runtime: settings.runtime,
        threads: settings.threads,
        ..TrackerOptions::default()
    };
    let tracker = FaceTracker::new(&models, &options).map_err(|error| words(&error))?;
    tracing::info!("faces are tracked with {}", tracker.runtime());
    Ok(tracker)
}

impl Eye {
    /// Looks for a face in a picture, `seconds` after the one before, and puts it into the sample. How many numbers of it
    /// were of no use, or why there was nothing to track.
    fn look(&mut self, frame: &mut RgbFrame, time_ms: u64, seconds: f64) -> Result<usize, String> {
        self.light.apply(frame);
        self.sample.tracked = false;
        let view = frame.view().map_err(|error| words(&error))?;
        let face = self.tracker.track(view, time_ms).map_err(|error| words(&error))?.first();
        self.light.learn(frame, face.map(|face| &face.region), seconds);
        self.preview.show(|picture| {
            picture.shrink(frame.width, frame.height, &frame.data);
            picture.points.extend(face.iter().flat_map(|face| &face.landmarks).map(|&[x, y, _]| [x, y]));
        });
        Ok(face.map_or(0, |face| self.shapes.put(face, &mut self.sample)))
    }
}

impl Watcher {
    pub(super) fn new(
        settings: &MediaPipeSettings,
        tracker: FaceTracker,
        pictures: triple_buffer::Output<Seen>,
        exchange: Exchange,
        preview: Preview,
        sender: SampleSender,
    ) -> Self {
        let light = Light::new(settings.brightness, settings.gamma, settings.auto_light);
        let eye = Eye { tracker, light, preview, shapes: Shapes::default(), sample: FaceSample::default() };
        let (started, of) = (Instant::now(), settings.source().to_string());
        Self {
            eye,
            pictures,
            exchange,
            sender,
            started,
            last: None,
            of,
            in_trouble: false,
            untrackable: 0,
            silences: 0,
        }
    }

    /// Tracks until the end, or until there are no more pictures.
    pub(super) fn run(mut self) {
        self.sender.report(SourceState::Connecting(format!("opening {}", self.of)));
        loop {
            match self.exchange.next(SILENCE) {
                Event::Stop => return,
                Event::News(News::Over) => return self.sender.report(SourceState::Idle),
                Event::News(News::Opened(what)) => {
                    self.sender.report(SourceState::Connecting(format!("waiting for the first picture of {what}")));
                }
                Event::News(News::Trouble(why)) => self.fail(why),
                Event::Picture => self.take(),
                // What is known already says more.
                Event::Silence if self.in_trouble => {}
                Event::Silence if self.last.is_none() => self.wait(),
                Event::Silence => self.sender.report(SourceState::Stale),
            }
        }
    }

    /// Nothing came yet. What only opens slowly is not hurried; a camera that never gives a picture is told.
    fn wait(&mut self) {
        self.silences += 1;
        if self.silences >= SILENCES {
            let of = &self.of;
            self.fail(format!(
                "no picture comes from {of}: close other programs that use it, unplug it, plug it in again"
            ));
        }
    }

    fn fail(&mut self, why: String) {
        self.in_trouble = true;
        self.sender.report(SourceState::Failed(why));
    }

    /// Tracks the newest picture.
    fn take(&mut self) {
        self.pictures.update();
        let begun = Instant::now();
        let seen = self.pictures.output_buffer_mut();
        let (session, captured) = (seen.session, seen.captured);
        let since_start = captured.saturating_duration_since(self.started);
        let mut time_ms = since_start.as_millis() as u64;
        let mut seconds = 0.0;
        if let Some((last_session, last_ms)) = self.last {
            if last_session != session {
                self.eye.tracker.reset();
            }
            // The tracker's smoothing wants time to go on.
            time_ms = time_ms.max(last_ms + 1);
            seconds = (time_ms - last_ms) as f64 / 1000.0;
        }
        self.last = Some((session, time_ms));
        // A runtime that panics over one picture must not end the source without a word.
        let looked = catch_unwind(AssertUnwindSafe(|| self.eye.look(&mut seen.frame, time_ms, seconds)));
        match looked.unwrap_or_else(|_| Err("the tracker broke off, as the log says".to_owned())) {
            Ok(skipped) => {
                self.eye.sample.time = since_start.as_secs_f64();
                self.sender.skip(skipped);
                self.publish(begun.elapsed(), captured);
            }
            Err(why) => self.refuse(&why),
        }
    }

    fn publish(&mut self, work: Duration, captured: Instant) {
        (self.untrackable, self.in_trouble) = (0, false);
        self.sender.report(SourceState::Live);
        self.sender.time(Timing { work, age: captured.elapsed() });
        self.sender.publish(self.eye.sample);
    }

    /// A picture was of no use.
    fn refuse(&mut self, why: &str) {
        self.sender.skip(1);
        self.untrackable += 1;
        if self.untrackable >= UNTRACKABLE {
            self.fail(format!("the pictures of {} cannot be tracked: {why}", self.of));
        }
    }
}
