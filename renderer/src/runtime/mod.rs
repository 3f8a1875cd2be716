//! The runtime: one puppet, from its capture sources to its outputs, on a thread of its own.
//!
//! A [`Puppet`] takes a step for a new sample or for the clock, on average no more often than the frame rate. A step asks
//! the mixer for the face, lets the performer refine it, draws its pose if it changed, publishes the frame and hands it
//! to the outputs. In the steady state a step allocates nothing, blocks on nothing but the engine and queues nothing.
//! Everything outside holds a [`PuppetHandle`].

mod command;
mod drawing;
mod execute;
mod fallback;
mod gpu;
mod handle;
mod host;
mod loader;
mod meter;
mod pace;
mod quality;
mod setup;
mod source_host;
mod sources;
mod spawn;
mod status;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod wake;

pub use command::{Command, CommandError, Outcome, SourceChoice};
pub use fallback::FallbackStudent;
pub use gpu::SharedGpu;
pub use handle::{Event, PuppetHandle, Subscription};
pub use host::OpenAvatar;
pub use setup::{PuppetError, Setup};
pub use sources::StartError;
pub use spawn::RunningPuppet;
pub use status::{EngineStatus, SourceStatus, Status};

use crate::{
    backdrop::Backdrop,
    outputs::Outputs,
    settings::{Background, QualityChoice},
};
use bunraku_core::{
    channel::CHANNEL_COUNT, mixer::MixerInput, performer::Performer, pose::Pose, source::CancellationToken,
};
use bunraku_engine::{Quality, View};
use fallback::Fallback;
use handle::Publisher;
use host::AvatarHost;
use loader::Loader;
use meter::Meter;
use pace::Pace;
use quality::QualityController;
use sources::Sources;
use std::time::Instant;

/// Steps a second where neither the user nor a display says.
const DEFAULT_RATE: f64 = 60.0;

/// One puppet. It lives on one thread, the one that opened its engine.
pub struct Puppet {
    sources: Sources,
    performer: Performer,
    host: AvatarHost,
    /// Absent where no student may take over.
    fallback: Option<Fallback>,
    outputs: Outputs,
    publisher: Publisher,
    loader: Loader,
    pace: Pace,
    /// Absent where the quality was asked for.
    quality_controller: Option<QualityController>,
    quality: QualityChoice,
    background: Background,
    fixed_rate: bool,
    frames: Option<u64>,
    began: Instant,
    now: f64,
    meter: Meter,
    /// Whether the next step draws even what did not change.
    redraw: bool,
    drivers: [Option<usize>; CHANNEL_COUNT],
    notice: String,
    ended: bool,
}

impl Puppet {
    /// Opens the sources and the engine. Call it on the thread that is to take the steps: the CPU engine makes that
    /// thread one of its own.
    ///
    /// # Errors
    /// When a source, the engine or the background cannot be opened.
    pub fn new(setup: Setup) -> Result<(Self, PuppetHandle), PuppetError> {
        let Setup { config, character, fallback, surroundings, open_avatar, outputs, frames } = setup;
        let (handle, publisher) = handle::channel();
        let background = config.background.clone().unwrap_or_default();
        // Checked even where no output shows it: an unreadable picture is a mistake to report.
        Backdrop::load(&background).map_err(|error| PuppetError::Background(error.to_string()))?;
        let mut outputs = Outputs::new(outputs);
        outputs.set_background(&background, &background).map_err(PuppetError::Background)?;
        let quality = config.quality.unwrap_or_default();
        let view = View::new(config.size.unwrap_or_default().pixels(), quality.fixed().unwrap_or(Quality::Full));
        let wake = publisher.wake_signal().clone();
        let sources = Sources::start(&config, surroundings, wake.clone())?;
        let host = AvatarHost::new(open_avatar, config.engine.unwrap_or_default(), character, view)?;
        let (fps, began) = (config.fps.map(f64::from), Instant::now());
        let mut puppet = Self {
            sources,
            performer: Performer::new(config.performer, 0),
            host,
            fallback: fallback.map(Fallback::from),
            outputs,
            publisher,
            loader: Loader::new(wake),
            pace: Pace::new(fps.unwrap_or(DEFAULT_RATE), began),
            quality_controller: None,
            quality,
            background,
            fixed_rate: fps.is_some(),
            frames,
            began,
            now: 0.0,
            meter: Meter::default(),
            redraw: false,
            drivers: [None; CHANNEL_COUNT],
            notice: String::new(),
            ended: false,
        };
        puppet.control_quality();
        puppet.publisher.status().write(puppet.status());
        Ok((puppet, handle))
    }

    /// Adds a source that the caller feeds, and selects it.
    pub fn add_input(&mut self, input: MixerInput) {
        self.sources.add_input(input);
    }

    /// The pose of the last step.
    pub fn pose(&self) -> Pose {
        self.host.pose()
    }

    /// Takes steps until it is told to end, or its frames are drawn; then waits for the outputs to finish.
    ///
    /// # Errors
    /// When no engine works any more, or an output is incomplete.
    pub fn run(&mut self, stop: &CancellationToken) -> Result<(), PuppetError> {
        while !self.ended && !stop.is_cancelled() {
            let now = Instant::now();
            self.pace.stepped(now);
            self.step(now.duration_since(self.began).as_secs_f64())?;
            if !self.ended {
                self.wait(stop);
            }
        }
        self.outputs.finish().map_err(PuppetError::Output)
    }

    /// Waits until the next step is due.
    fn wait(&mut self, stop: &CancellationToken) {
        let mut due = self.pace.latest();
        while self.publisher.wake_signal().wait_until(due) && !stop.is_cancelled() {
            self.pace.sampled(Instant::now());
            due = self.pace.earliest();
        }
    }

    /// One step at `now`, in seconds on a clock that does not go back.
    ///
    /// # Errors
    /// When no engine works any more.
    pub fn step(&mut self, now: f64) -> Result<(), PuppetError> {
        self.now = now;
        self.execute_commands();
        let face = self.sources.tick(now);
        self.performer.perform(face, now);
        let changed = self.host.follow(face);
        self.announce_drivers();
        let fresh = self.draw(changed)?;
        self.hand_on(fresh);
        self.meter.stepped(now);
        self.ended |= self.frames.is_some_and(|frames| self.meter.steps() >= frames);
        if self.publisher.status().is_wanted() {
            self.publisher.status().write(self.status());
        }
        Ok(())
    }

    /// Logs it when other sources drive the puppet.
    fn announce_drivers(&mut self) {
        let drivers = self.sources.drivers();
        if drivers != self.drivers {
            self.drivers = drivers;
            tracing::info!("{}", self.sources.describe_drivers());
        }
    }

    /// Publishes the frame if it is `fresh`, and hands it to the outputs in any case.
    fn hand_on(&mut self, fresh: bool) {
        let Some(frame) = self.host.frame() else { return };
        if fresh {
            self.publisher.publish_frame(frame);
        }
        if let Err(error) = self.outputs.present(frame, fresh) {
            // The next step draws it again, on another engine.
            tracing::warn!("{error}");
            self.redraw = true;
        }
        if let Some(trouble) = self.outputs.trouble() {
            self.notify(trouble);
        }
    }

    /// Tells the user something that happened by itself.
    fn notify(&mut self, notice: String) {
        tracing::warn!("{notice}");
        self.publisher.publish_event(Event::Notice(notice.clone()));
        self.notice = notice;
    }

    fn status(&self) -> Status {
        let view = self.host.view();
        Status {
            version: env!("CARGO_PKG_VERSION"),
            uptime_s: self.now,
            character: self.host.character().name().to_owned(),
            engine: self.host.describe().into(),
            quality: view.quality.name(),
            quality_auto: self.quality_controller.is_some(),
            size: view.size,
            background: self.background.to_string(),
            fps: self.meter.rate(),
            student_ms: self.meter.student_ms(),
            steps: self.meter.steps(),
            frames: self.meter.frames(),
            pose: self.host.pose(),
            sources: self.sources.status(),
            readbacks: self.host.readbacks(),
            notice: self.notice.clone(),
        }
    }
}
