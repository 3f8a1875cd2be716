//! The puppet's capture sources: opened, run, and given to the mixer.

use super::{
    command::SourceChoice,
    source_host::SourceHost,
    status::SourceStatus,
    wake::{WakeSignal, WakingSources},
};
use crate::config::Config;
use bunraku_capture::{SourceError, SourceInfo, SourceSpec, Surroundings, registry};
use bunraku_core::{
    channel::{CHANNEL_COUNT, Channel, Channels},
    face_state::FaceState,
    mixer::{Health, InputStatus, Mixer, MixerInput},
    performer::PerformerSettings,
    source::{CancellationToken, SourceState, slot},
};
use std::io;

/// Most sources at once; more would be a mistake of a program that opens them.
const MOST: usize = 32;

/// The running sources.
pub(super) struct Sources {
    host: SourceHost,
    surroundings: Surroundings,
    performer: PerformerSettings,
    wake: WakeSignal,
    waking: WakingSources,
    pub(super) mixer: Mixer,
    entries: Vec<Entry>,
    opened: u64,
}

/// What the mixer does not know about a source.
struct Entry {
    kind: &'static str,
    /// Whether it takes over when no other source can.
    last_resort: bool,
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
    Name(#[from] bunraku_core::mixer::UnknownSource),
    /// There are too many already, and all are needed.
    #[error("{MOST} sources are running and all are needed; choose one of them by its index")]
    TooMany,
}

impl Sources {
    /// Opens and starts the sources of `config`, the first of which is live, and the last resort if it is not among them.
    pub(super) fn start(config: &Config, surroundings: Surroundings, wake: WakeSignal) -> Result<Self, StartError> {
        let mut sources = Self {
            host: SourceHost::start()?,
            surroundings,
            performer: config.performer,
            wake,
            waking: WakingSources::default(),
            mixer: Mixer::new(config.switchboard),
            entries: vec![],
            opened: 0,
        };
        for spec in &config.sources {
            sources.open(spec)?;
        }
        if !sources.entries.iter().any(|entry| entry.last_resort)
            && let Some(info) = registry().iter().find(|info| info.last_resort)
        {
            sources.open(&SourceSpec { name: info.name.to_owned(), ..SourceSpec::default() })?;
        }
        Ok(sources)
    }

    /// Starts a source and gives its index.
    fn open(&mut self, spec: &SourceSpec) -> Result<usize, SourceError> {
        let index = self.entries.len();
        let (entry, input) = self.start_at(index, spec)?;
        self.entries.push(entry);
        Ok(self.mixer.add(input))
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
        let (entry, input) = self.start_at(index, spec)?;
        std::mem::replace(&mut self.entries[index], entry).stop.cancel();
        self.mixer.replace(index, input);
        Ok(index)
    }

    /// The source that was opened first of those that drive nothing and are neither chosen, nor the last resort, nor fed by
    /// the program.
    fn oldest_idler(&self) -> Option<usize> {
        let is_idler = |&index: &usize| {
            let entry = &self.entries[index];
            self.mixer.driven_by(index).is_empty()
                && self.mixer.selected() != Some(index)
                && !entry.last_resort
                && entry.spec.is_some()
        };
        (0..self.entries.len()).filter(is_idler).min_by_key(|&index| self.entries[index].age)
    }

    /// Starts a source for the place `index`.
    fn start_at(&mut self, index: usize, spec: &SourceSpec) -> Result<(Entry, MixerInput), SourceError> {
        let info = SourceInfo::find(&spec.name)?;
        let source = bunraku_capture::open(spec, &self.surroundings)?;
        let (about, channels) = (source.describe(), spec.channels()?);
        tracing::info!("source {}: {about}", index + 1);
        let (sender, receiver) = slot(self.waking.waker(index, self.wake.clone()));
        let stop = CancellationToken::new();
        self.host.run(source.run(sender, stop.clone()));
        let input = MixerInput::new(self.unused_name(info.name), receiver, info.profile)
            .driving(channels)
            .mirrored(self.performer.mirrors(info.camera))
            .auto_calibrated(info.auto_calibrate)
            .resting(info.may_rest)
            .last_resort(info.last_resort);
        self.opened += 1;
        let (spec, age) = (Some(spec.clone()), self.opened);
        Ok((Entry { kind: info.name, last_resort: info.last_resort, about, stop, spec, age }, input))
    }

    /// Adds a source that the program feeds, and selects it.
    pub(super) fn add_input(&mut self, input: MixerInput) {
        let about = "fed by this program".to_owned();
        let stop = CancellationToken::new();
        self.entries.push(Entry { kind: "program", last_resort: false, about, stop, spec: None, age: 0 });
        let index = self.mixer.add(input);
        self.mixer.select(index);
    }

    /// `name`, or `name 2` and so on where it is taken.
    fn unused_name(&self, name: &str) -> String {
        let names = (1..).map(|n: usize| if n == 1 { name.to_owned() } else { format!("{name} {n}") });
        names.into_iter().find(|name| self.mixer.index_of(name).is_none()).unwrap_or_default()
    }

    /// Makes a source live as soon as it delivers.
    pub(super) fn choose(&mut self, choice: &SourceChoice) -> Result<(), ChoiceError> {
        match choice {
            SourceChoice::Index(index) => {
                let count = self.entries.len();
                let known = self.mixer.select(*index);
                known.then_some(()).ok_or(ChoiceError::Index { count })
            }
            SourceChoice::Name(name) => Ok(self.mixer.select_name(name)?),
            SourceChoice::Spec(spec) => {
                let index = self.find_or_open(spec)?;
                self.mixer.select(index);
                Ok(())
            }
        }
    }

    /// The face at `now`.
    pub(super) fn tick(&mut self, now: f64) -> &mut FaceState {
        self.mixer.tick(now);
        self.waking.set(self.drivers(), self.mixer.selected());
        self.mixer.face_mut()
    }

    /// The face of the last tick.
    pub(super) fn face(&mut self) -> &FaceState {
        self.mixer.face_mut()
    }

    /// Which source drives each channel.
    pub(super) fn drivers(&self) -> [Option<usize>; CHANNEL_COUNT] {
        Channel::ALL.map(|channel| self.mixer.driver(channel))
    }

    /// Which sources drive what, in words; empty before the first face.
    pub(super) fn describe_drivers(&self) -> String {
        let describe = |(name, drives): (&str, Channels)| match drives {
            Channels::NONE => None,
            Channels::ALL => Some(format!("{name} drives the puppet")),
            some => Some(format!("{name} drives {some}")),
        };
        let drives = (0..self.entries.len()).map(|index| (self.mixer.name(index), self.mixer.driven_by(index)));
        drives.filter_map(describe).collect::<Vec<_>>().join(", ")
    }

    /// How every source is doing.
    pub(super) fn status(&self) -> Vec<SourceStatus> {
        let status = self.mixer.status();
        let entries = self.entries.iter().zip(status.inputs).enumerate();
        let describe = |(index, (entry, input)): (usize, (&Entry, InputStatus))| SourceStatus {
            index,
            kind: entry.kind,
            about: entry.about.clone(),
            live: !input.drives.is_empty(),
            drives: input.drives,
            chosen: status.selected.as_deref() == Some(&input.name),
            state: state_name(&input.state, input.health),
            says: says(&input.state, input.health),
            age_s: input.age,
            rate: input.rate,
            skipped: input.skipped,
            work_ms: input.timing.map(|timing| timing.work.as_secs_f64() * 1000.0),
            latency_ms: input.timing.map(|timing| timing.age.as_secs_f64() * 1000.0),
            own: input.state,
            name: input.name,
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

/// One word for programs: what the source says of itself, and what the mixer makes of what arrives.
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
