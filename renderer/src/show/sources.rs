//! The sources of the show: opened, run, and put on the switchboard.

use super::{
    bell::{Bell, Listening},
    host::Host,
    order::Choice,
    status::SourceStatus,
};
use crate::config::Profiles;
use bunraku_capture::{SourceError, SourceInfo, SourceSpec, Surroundings};
use bunraku_core::{
    performer::PerformerSettings,
    pose::Pose,
    profile::{PoseMapper, Profile},
    source::{CancellationToken, SourceState, slot},
    switchboard::{Health, Slot, Switchboard, SwitchboardSettings},
};
use std::io;

/// Most sources at once; more would be a mistake of a program that opens them.
const MOST: usize = 32;

/// The source that is there when nothing else is.
const LAST_RESORT: &str = "idle";

/// What decides how sources are opened and how their samples become poses.
#[derive(Clone, Debug, Default)]
pub struct SourceSettings {
    /// What they may see of the program around them.
    pub surroundings: Surroundings,
    /// How face samples become poses.
    pub profiles: Profiles,
    /// Whether they are mirrored.
    pub performer: PerformerSettings,
    /// When they take over from each other.
    pub switchboard: SwitchboardSettings,
}

/// The running sources.
pub(super) struct Sources {
    host: Host,
    settings: SourceSettings,
    bell: Bell,
    listening: Listening,
    pub(super) board: Switchboard,
    entries: Vec<Entry>,
    opened: u64,
}

/// What the switchboard does not know of a source.
struct Entry {
    kind: &'static str,
    about: String,
    stop: CancellationToken,
    /// As it was asked for; none where somebody else feeds it.
    spec: Option<SourceSpec>,
    /// When it was opened, counted in sources.
    age: u64,
}

/// Why a source cannot be made live.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChoiceError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] SourceError),
    /// No source has this place.
    #[error("there is no such source: only {count} are running")]
    Index {
        /// How many there are.
        count: usize,
    },
    /// No source has this name.
    #[error(transparent)]
    Name(#[from] bunraku_core::switchboard::UnknownSource),
    /// There are too many already, and all are needed.
    #[error("{MOST} sources are running and all are needed; choose one of them by its index")]
    TooMany,
}

impl Sources {
    /// Opens and starts the sources `specs`, the first of which is live, and idle motion if it is not among them.
    pub(super) fn start(specs: &[SourceSpec], settings: SourceSettings, bell: Bell) -> Result<Self, StartError> {
        let board = Switchboard::new(settings.switchboard);
        let mut sources = Self {
            host: Host::start()?,
            settings,
            bell,
            listening: Listening::default(),
            board,
            entries: vec![],
            opened: 0,
        };
        for spec in specs {
            sources.open(spec)?;
        }
        if !sources.entries.iter().any(|entry| entry.kind == LAST_RESORT) {
            sources.open(&SourceSpec { name: LAST_RESORT.to_owned(), ..SourceSpec::default() })?;
        }
        Ok(sources)
    }

    /// Starts a source and gives its index.
    fn open(&mut self, spec: &SourceSpec) -> Result<usize, SourceError> {
        let index = self.entries.len();
        let (entry, slot) = self.start_at(index, spec)?;
        self.entries.push(entry);
        Ok(self.board.add(slot))
    }

    /// The index of the source `spec`, which is started unless it runs already. Where there are too many, it takes the
    /// place of the oldest that is not needed.
    fn find_or_open(&mut self, spec: &SourceSpec) -> Result<usize, ChoiceError> {
        if let Some(index) = self.entries.iter().position(|entry| entry.spec.as_ref() == Some(spec)) {
            return Ok(index);
        }
        if self.entries.len() < MOST {
            return Ok(self.open(spec)?);
        }
        let index = self.oldest_idler().ok_or(ChoiceError::TooMany)?;
        let (entry, slot) = self.start_at(index, spec)?;
        std::mem::replace(&mut self.entries[index], entry).stop.cancel();
        self.board.replace(index, slot);
        Ok(index)
    }

    /// The source that was opened first of those that are neither live, nor chosen, nor the last resort, nor fed by
    /// somebody else.
    fn oldest_idler(&self) -> Option<usize> {
        let needed =
            [self.board.live_name(), self.board.chosen_name()].map(|name| name.and_then(|n| self.board.index_of(n)));
        let is_idler = |&index: &usize| {
            let entry = &self.entries[index];
            !needed.contains(&Some(index)) && entry.kind != LAST_RESORT && entry.spec.is_some()
        };
        (0..self.entries.len()).filter(is_idler).min_by_key(|&index| self.entries[index].age)
    }

    /// Runs a source that is going to have the place `index`.
    fn start_at(&mut self, index: usize, spec: &SourceSpec) -> Result<(Entry, Slot), SourceError> {
        let info = SourceInfo::find(&spec.name)?;
        let source = bunraku_capture::open(spec, &self.settings.surroundings)?;
        let about = source.describe();
        tracing::info!("source {}: {about}", index + 1);
        let (sender, receiver) = slot(self.listening.waker(index, self.bell.clone()));
        let stop = CancellationToken::new();
        self.host.run(source.run(sender, stop.clone()));
        let slot = Slot::new(self.unused_name(info.name), receiver, self.mapper(info.profile))
            .mirrored(self.settings.performer.mirrors(info.camera))
            .auto_calibrated(info.name == Profile::MediaPipe.name())
            .frozen_detected(!info.may_rest)
            .last_resort(info.name == LAST_RESORT);
        self.opened += 1;
        Ok((Entry { kind: info.name, about, stop, spec: Some(spec.clone()), age: self.opened }, slot))
    }

    /// Puts a source on the switchboard that somebody else feeds, and makes it live as soon as it delivers.
    pub(super) fn add_slot(&mut self, slot: Slot) {
        let about = "fed by this program".to_owned();
        self.entries.push(Entry { kind: "program", about, stop: CancellationToken::new(), spec: None, age: 0 });
        let index = self.board.add(slot);
        self.board.select(index);
    }

    fn mapper(&self, profile: &str) -> PoseMapper {
        let profiles = &self.settings.profiles;
        if profile == Profile::MediaPipe.name() {
            PoseMapper::new(Profile::MediaPipe, profiles.mediapipe.clone())
        } else {
            PoseMapper::new(Profile::IFacialMocap, profiles.ifacialmocap.clone())
        }
    }

    /// `name`, or `name 2` and so on where it is taken.
    fn unused_name(&self, name: &str) -> String {
        let names = (1..).map(|n: usize| if n == 1 { name.to_owned() } else { format!("{name} {n}") });
        names.into_iter().find(|name| self.board.index_of(name).is_none()).unwrap_or_default()
    }

    /// Makes a source live as soon as it delivers.
    pub(super) fn choose(&mut self, choice: &Choice) -> Result<(), ChoiceError> {
        match choice {
            Choice::Index(index) => {
                let count = self.entries.len();
                let known = self.board.select(*index);
                known.then_some(()).ok_or(ChoiceError::Index { count })
            }
            Choice::Name(name) => Ok(self.board.select_name(name)?),
            Choice::Spec(spec) => {
                let index = self.find_or_open(spec)?;
                self.board.select(index);
                Ok(())
            }
        }
    }

    /// The pose to show.
    pub(super) fn tick(&mut self, now: f64) -> Pose {
        let pose = self.board.tick(now);
        let index_of = |name| self.board.index_of(name);
        self.listening.hear(self.board.live_name().and_then(index_of), self.board.chosen_name().and_then(index_of));
        pose
    }

    /// How every source is doing.
    pub(super) fn status(&self) -> Vec<SourceStatus> {
        let status = self.board.status();
        let entries = self.entries.iter().zip(status.slots).enumerate();
        let describe =
            |(index, (entry, slot)): (usize, (&Entry, bunraku_core::switchboard::SlotStatus))| SourceStatus {
                index,
                kind: entry.kind,
                about: entry.about.clone(),
                live: status.live.as_deref() == Some(&slot.name),
                chosen: status.chosen.as_deref() == Some(&slot.name),
                state: state_name(&slot.state, slot.health),
                says: says(&slot.state, slot.health),
                age_s: slot.age,
                rate: slot.rate,
                skipped: slot.skipped,
                work_ms: slot.timing.map(|timing| timing.work.as_secs_f64() * 1000.0),
                latency_ms: slot.timing.map(|timing| timing.age.as_secs_f64() * 1000.0),
                own: slot.state,
                name: slot.name,
            };
        entries.map(describe).collect()
    }
}

impl Drop for Sources {
    fn drop(&mut self) {
        for entry in &self.entries {
            entry.stop.cancel();
        }
    }
}

/// Why the sources could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A source cannot be opened.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The system gives no thread or no runtime.
    #[error("cannot start the sources' thread: {0}")]
    Host(#[from] io::Error),
}

/// One word for programs: what the source says of itself, and what the switchboard makes of what arrives.
fn state_name(own: &SourceState, health: Health) -> &'static str {
    match (own, health) {
        (SourceState::Failed(_), _) => "failed",
        (_, Health::Frozen) => "frozen",
        (_, Health::Lost) => "lost",
        (SourceState::Connecting(_), _) => "connecting",
        (SourceState::Live, Health::Stale) | (SourceState::Stale, _) => "stale",
        (SourceState::Live, _) => "live",
        (SourceState::Idle, _) => "idle",
    }
}

fn says(own: &SourceState, health: Health) -> String {
    // What keeps a source from working is more than that nothing is seen of it.
    let in_trouble = matches!(own, SourceState::Failed(_) | SourceState::Connecting(_));
    match health {
        Health::Frozen | Health::Lost if !in_trouble => health.to_string(),
        _ => own.to_string(),
    }
}
