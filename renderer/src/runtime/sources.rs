//! The puppet's capture sources: opened, run, and put on the switchboard.

use super::{
    command::SourceChoice,
    source_host::SourceHost,
    status::SourceStatus,
    wake::{WakeSignal, WakingSources},
};
use crate::config::{Config, Profiles};
use bunraku_capture::{SourceError, SourceInfo, SourceSpec, Surroundings};
use bunraku_core::{
    performer::PerformerSettings,
    pose::Pose,
    profile::{PoseMapper, Profile},
    source::{CancellationToken, SourceState, slot},
    switchboard::{Health, Slot, Switchboard},
};
use std::io;

/// Most sources at once; more would be a mistake of a program that opens them.
const MOST: usize = 32;

/// The source that is there when nothing else is.
const LAST_RESORT: &str = "idle";

/// The running sources.
pub(super) struct Sources {
    host: SourceHost,
    surroundings: Surroundings,
    profiles: Profiles,
    performer: PerformerSettings,
    wake: WakeSignal,
    waking: WakingSources,
    pub(super) switchboard: Switchboard,
    entries: Vec<Entry>,
    opened: u64,
}

/// What the switchboard does not know about a source.
struct Entry {
    kind: &'static str,
    about: String,
    stop: CancellationToken,
    /// As it was asked for; none where the program feeds it.
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
    /// Opens and starts the sources of `config`, the first of which is live, and idle motion if it is not among them.
    pub(super) fn start(config: &Config, surroundings: Surroundings, wake: WakeSignal) -> Result<Self, StartError> {
        let mut sources = Self {
            host: SourceHost::start()?,
            surroundings,
            profiles: config.profiles.clone(),
            performer: config.performer,
            wake,
            waking: WakingSources::default(),
            switchboard: Switchboard::new(config.switchboard),
            entries: vec![],
            opened: 0,
        };
        for spec in &config.sources {
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
        Ok(self.switchboard.add(slot))
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
        self.switchboard.replace(index, slot);
        Ok(index)
    }

    /// The source that was opened first of those that are neither live, nor chosen, nor the last resort, nor fed by the
    /// program.
    fn oldest_idler(&self) -> Option<usize> {
        let needed = [self.switchboard.live_name(), self.switchboard.chosen_name()]
            .map(|name| name.and_then(|n| self.switchboard.index_of(n)));
        let is_idler = |&index: &usize| {
            let entry = &self.entries[index];
            !needed.contains(&Some(index)) && entry.kind != LAST_RESORT && entry.spec.is_some()
        };
        (0..self.entries.len()).filter(is_idler).min_by_key(|&index| self.entries[index].age)
    }

    /// Starts a source for the place `index`.
    fn start_at(&mut self, index: usize, spec: &SourceSpec) -> Result<(Entry, Slot), SourceError> {
        let info = SourceInfo::find(&spec.name)?;
        let source = bunraku_capture::open(spec, &self.surroundings)?;
        let about = source.describe();
        tracing::info!("source {}: {about}", index + 1);
        let (sender, receiver) = slot(self.waking.waker(index, self.wake.clone()));
        let stop = CancellationToken::new();
        self.host.run(source.run(sender, stop.clone()));
        let slot = Slot::new(self.unused_name(info.name), receiver, self.mapper(info.profile))
            .mirrored(self.performer.mirrors(info.camera))
            .auto_calibrated(info.name == Profile::MediaPipe.name())
            .frozen_detected(!info.may_rest)
            .last_resort(info.name == LAST_RESORT);
        self.opened += 1;
        Ok((Entry { kind: info.name, about, stop, spec: Some(spec.clone()), age: self.opened }, slot))
    }

    /// Adds a source that the program feeds; it is live as soon as it delivers.
    pub(super) fn add_slot(&mut self, slot: Slot) {
        let about = "fed by this program".to_owned();
        self.entries.push(Entry { kind: "program", about, stop: CancellationToken::new(), spec: None, age: 0 });
        let index = self.switchboard.add(slot);
        self.switchboard.select(index);
    }

    fn mapper(&self, profile: &str) -> PoseMapper {
        let profiles = &self.profiles;
        if profile == Profile::MediaPipe.name() {
            PoseMapper::new(Profile::MediaPipe, profiles.mediapipe.clone())
        } else {
            PoseMapper::new(Profile::IFacialMocap, profiles.ifacialmocap.clone())
        }
    }

    /// `name`, or `name 2` and so on where it is taken.
    fn unused_name(&self, name: &str) -> String {
        let names = (1..).map(|n: usize| if n == 1 { name.to_owned() } else { format!("{name} {n}") });
        names.into_iter().find(|name| self.switchboard.index_of(name).is_none()).unwrap_or_default()
    }

    /// Makes a source live as soon as it delivers.
    pub(super) fn choose(&mut self, choice: &SourceChoice) -> Result<(), ChoiceError> {
        match choice {
            SourceChoice::Index(index) => {
                let count = self.entries.len();
                let known = self.switchboard.select(*index);
                known.then_some(()).ok_or(ChoiceError::Index { count })
            }
            SourceChoice::Name(name) => Ok(self.switchboard.select_name(name)?),
            SourceChoice::Spec(spec) => {
                let index = self.find_or_open(spec)?;
                self.switchboard.select(index);
                Ok(())
            }
        }
    }

    /// The pose to show.
    pub(super) fn tick(&mut self, now: f64) -> Pose {
        let pose = self.switchboard.tick(now);
        let index_of = |name| self.switchboard.index_of(name);
        self.waking
            .set(self.switchboard.live_name().and_then(index_of), self.switchboard.chosen_name().and_then(index_of));
        pose
    }

    /// How every source is doing.
    pub(super) fn status(&self) -> Vec<SourceStatus> {
        let status = self.switchboard.status();
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
