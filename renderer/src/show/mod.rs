//! The show: one puppet, from its sources to its outputs, on a thread of its own.
//!
//! A [`Show`] takes a step for a new sample or for the clock, no more often than the frame rate on average. A step asks the
//! switchboard for the pose, has the performer carry it, has the engine draw it if it changed, and hands the frame to
//! the outputs. In the steady state a step allocates nothing, blocks on nothing but the engine, and queues nothing.

mod bell;
mod governor;
mod host;
mod loader;
mod meter;
mod obey;
mod order;
mod pace;
mod painter;
mod running;
mod sources;
mod status;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod understudy;
mod view;

pub use bell::Bell;
pub use order::{Choice, Order, OrderError, Orders, Outcome};
pub use painter::OpenEngine;
pub use running::{Running, spawn};
pub use sources::{SourceSettings, StartError};
pub use status::{Board, EngineStatus, SourceStatus, Status};
pub use understudy::Understudy;
pub use view::{ShowFeed, View, ViewOutput, view};

use crate::{
    settings::{Background, DEFAULT_SIZE, EngineChoice, QualityChoice},
    stage::{Backdrop, Output},
};
use bunraku_capture::SourceSpec;
use bunraku_core::{
    performer::Performer,
    pose::{POSE_LEN, Pose},
    source::CancellationToken,
    switchboard::Slot,
};
use bunraku_engine::{self as engine, Character, EngineError, Quality};
use governor::{Governor, Ladder, Rung, Verdict};
use loader::Loader;
use meter::Meter;
use order::Letter;
use pace::Pace;
use painter::Painter;
use sources::Sources;
use std::{
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};
use understudy::Pair;

/// Steps a second where neither the person nor a display says.
const DEFAULT_RATE: f64 = 60.0;

/// What a show begins with.
pub struct Setup {
    /// Who is on stage.
    pub character: Character,
    /// Who may take over from there; only where the quality is `auto`.
    pub understudy: Option<Understudy>,
    /// The capture sources; the first is live.
    pub sources: Vec<SourceSpec>,
    /// How they are opened and mapped.
    pub source_settings: SourceSettings,
    /// How engines are opened.
    pub open_engine: OpenEngine,
    /// Which engine draws.
    pub engine: EngineChoice,
    /// How much of the student's work is done.
    pub quality: QualityChoice,
    /// Edge of the output in pixels.
    pub size: usize,
    /// What is behind the character.
    pub background: Background,
    /// Steps a second at most; absent, the display's rate or 60.
    pub fps: Option<f64>,
    /// Steps after which the show ends.
    pub frames: Option<u64>,
}

impl Setup {
    /// A show of `character` with everything else at its default.
    pub fn new(character: Character, open_engine: OpenEngine) -> Self {
        Self {
            character,
            understudy: None,
            sources: vec![],
            source_settings: SourceSettings::default(),
            open_engine,
            engine: EngineChoice::Auto,
            quality: QualityChoice::Auto,
            size: DEFAULT_SIZE,
            background: Background::Transparent,
            fps: None,
            frames: None,
        }
    }
}

/// Why a show could not begin, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// A source cannot be opened or no thread be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No engine draws.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The background cannot be shown.
    #[error("{0}")]
    Background(String),
    /// The show's thread could not be started.
    #[error("cannot start the show's thread: {0}")]
    Thread(std::io::Error),
    /// The show's thread broke; a bug.
    #[error("the show broke; please report it with the lines above")]
    Broken,
}

/// The ends of the show that others hold: how to tell it something, how to ask how it is doing.
#[derive(Clone, Debug)]
pub struct Backstage {
    /// Takes orders.
    pub orders: Orders,
    /// Tells the status.
    pub board: Board,
}

/// One puppet, from its sources to its outputs. It lives on one thread, which also opened its engine.
pub struct Show {
    sources: Sources,
    performer: Performer,
    painter: Painter,
    /// Absent where nobody may take over.
    pair: Option<Pair>,
    outputs: Vec<Box<dyn Output>>,
    inbox: Receiver<Letter>,
    board: Board,
    bell: Bell,
    loader: Loader,
    pace: Pace,
    governor: Option<Governor>,
    quality: QualityChoice,
    background: Background,
    fixed_rate: bool,
    frames: Option<u64>,
    began: Instant,
    now: f64,
    meter: Meter,
    pose: Pose,
    /// The bits of the pose that the frame shows.
    drawn: Option<[u32; POSE_LEN]>,
    live: Option<String>,
    notice: String,
    ended: bool,
}

impl Show {
    /// Opens the sources and the engine. Call it on the thread that is going to take the steps: the CPU engine makes
    /// that thread one of its own.
    ///
    /// # Errors
    /// When a source, the engine or the background cannot be opened.
    pub fn new(setup: Setup, mut outputs: Vec<Box<dyn Output>>) -> Result<(Self, Backstage), ShowError> {
        let bell = Bell::default();
        let (orders, inbox) = Orders::new(bell.clone());
        let board = Board::new(bell.clone());
        let view = engine::View::new(setup.size, setup.quality.fixed().unwrap_or(Quality::Full));
        // Also where no output takes it: one that cannot be shown is a slip of the person's.
        Backdrop::load(&setup.background).map_err(|error| ShowError::Background(error.to_string()))?;
        for output in &mut outputs {
            output.set_background(&setup.background).map_err(ShowError::Background)?;
        }
        let performer = Performer::new(setup.source_settings.performer, 0);
        let sources = Sources::start(&setup.sources, setup.source_settings, bell.clone())?;
        let painter = Painter::new(setup.open_engine, setup.engine, setup.character, view)?;
        let began = Instant::now();
        let mut show = Self {
            sources,
            performer,
            painter,
            pair: setup.understudy.map(Pair::from),
            outputs,
            inbox,
            board: board.clone(),
            loader: Loader::new(bell.clone()),
            bell,
            pace: Pace::new(setup.fps.unwrap_or(DEFAULT_RATE), began),
            governor: None,
            quality: setup.quality,
            background: setup.background,
            fixed_rate: setup.fps.is_some(),
            frames: setup.frames,
            began,
            now: 0.0,
            meter: Meter::default(),
            pose: Pose::default(),
            drawn: None,
            live: None,
            notice: String::new(),
            ended: false,
        };
        show.govern();
        show.board.write(show.status());
        Ok((show, Backstage { orders, board }))
    }

    /// Puts a source on the switchboard that the caller feeds; it is chosen from now on.
    pub fn add_slot(&mut self, slot: Slot) {
        self.sources.add_slot(slot);
    }

    /// The frame last drawn.
    pub fn frame(&self) -> &bunraku_engine::CpuFrame {
        &self.painter.frame
    }

    /// The pose of the last step.
    pub fn pose(&self) -> &Pose {
        &self.pose
    }

    /// Takes steps until it is told to end, or its frames are drawn.
    ///
    /// # Errors
    /// When no engine is left that works.
    pub fn run(&mut self, stop: &CancellationToken) -> Result<(), ShowError> {
        while !self.ended && !stop.is_cancelled() {
            let now = Instant::now();
            self.pace.stepped(now);
            self.step(now.duration_since(self.began).as_secs_f64())?;
            if !self.ended {
                self.wait(stop);
            }
        }
        Ok(())
    }

    /// Sleeps until the next step is due.
    fn wait(&mut self, stop: &CancellationToken) {
        let mut due = self.pace.latest();
        while self.bell.wait_until(due) && !stop.is_cancelled() {
            self.pace.sampled(Instant::now());
            due = self.pace.earliest();
        }
    }

    /// One step at `now`, in seconds on a clock that does not go back.
    ///
    /// # Errors
    /// When no engine is left that works.
    pub fn step(&mut self, now: f64) -> Result<(), ShowError> {
        self.now = now;
        self.obey();
        let tracked = self.sources.tick(now);
        self.announce_live();
        self.pose = self.performer.perform(&tracked, now);
        let fresh = self.draw()?;
        for output in &mut self.outputs {
            output.present(&self.painter.frame, fresh);
        }
        self.report_trouble();
        self.meter.stepped(now);
        self.ended |= self.frames.is_some_and(|frames| self.meter.steps() >= frames);
        if self.board.is_wanted() {
            self.board.write(self.status());
        }
        Ok(())
    }

    /// Draws the pose if it changed and anyone watches; whether it did.
    fn draw(&mut self) -> Result<bool, ShowError> {
        let bits = self.pose.0.map(f32::to_bits);
        let watched = self.outputs.is_empty() || self.outputs.iter().any(|output| output.is_watched());
        if !watched || self.drawn == Some(bits) {
            return Ok(false);
        }
        let painted = self.painter.paint(&self.pose)?;
        self.drawn = Some(bits);
        self.meter.drew(painted.cost);
        if let Some(incident) = painted.incident {
            self.notify(incident);
            // Another engine has costs of its own.
            self.govern();
        }
        self.regulate(painted.cost);
        Ok(true)
    }

    /// Does what the frame rate asks for, now that a frame took `cost`.
    fn regulate(&mut self, cost: Duration) {
        let Some(governor) = &mut self.governor else { return };
        let Some(Verdict { rung, typical }) = governor.frame(cost, self.now) else { return };
        let keep = governor.period() * 1e3;
        match self.climb(rung) {
            Ok(what) => {
                self.notify(format!("{what}: a frame took {:.0} ms, {keep:.0} ms keep the frame rate", typical * 1e3));
            }
            Err(why) => {
                let rung = self.rung();
                if let Some(governor) = &mut self.governor {
                    governor.refused(rung, self.now);
                }
                self.notify(why);
            }
        }
    }

    /// Draws what `rung` says from now on; tells the change in words.
    fn climb(&mut self, rung: Rung) -> Result<String, String> {
        let view = engine::View::new(self.painter.view().size, rung.quality);
        if rung.understudy != self.rung().understudy {
            return self.change_students(view);
        }
        self.set_view(view)?;
        Ok(format!("drawing in {} quality from now on", rung.quality))
    }

    /// What is drawn now.
    fn rung(&self) -> Rung {
        let understudy = self.pair.as_ref().is_some_and(Pair::is_understudy_on);
        Rung { understudy, quality: self.painter.view().quality }
    }

    fn set_view(&mut self, view: engine::View) -> Result<(), String> {
        self.drawn = None;
        self.painter.set_view(view).map_err(|error| error.to_string())
    }

    /// Has the frame rate decide on what is drawn, or not any more.
    fn govern(&mut self) {
        let ladder =
            Ladder { has_high: self.painter.qualities().contains(&Quality::High), has_understudy: self.pair.is_some() };
        let period = governor::governed(self.pace.period(), self.fixed_rate);
        self.governor =
            (self.quality == QualityChoice::Auto).then(|| Governor::new(self.rung(), ladder, period, self.now));
    }

    /// Says it when another source drives the puppet.
    fn announce_live(&mut self) {
        let live = self.sources.board.live_name();
        if live == self.live.as_deref() {
            return;
        }
        self.live = live.map(str::to_owned);
        if let Some(name) = &self.live {
            tracing::info!("{name} drives the puppet");
        }
    }

    fn report_trouble(&mut self) {
        for index in 0..self.outputs.len() {
            if let Some(trouble) = self.outputs[index].trouble() {
                self.notify(trouble);
            }
        }
    }

    /// Tells the person something that happened by itself.
    fn notify(&mut self, notice: String) {
        tracing::warn!("{notice}");
        for output in &mut self.outputs {
            output.notify(&notice);
        }
        self.notice = notice;
    }

    fn status(&self) -> Status {
        let view = self.painter.view();
        Status {
            version: env!("CARGO_PKG_VERSION"),
            uptime_s: self.now,
            character: self.painter.character().name().to_owned(),
            engine: self.painter.describe().into(),
            quality: view.quality.name(),
            quality_auto: self.governor.is_some(),
            size: view.size,
            background: self.background.to_string(),
            fps: self.meter.rate(),
            student_ms: self.meter.student_ms(),
            steps: self.meter.steps(),
            frames: self.meter.frames(),
            pose: self.pose,
            sources: self.sources.status(),
            notice: self.notice.clone(),
        }
    }
}
