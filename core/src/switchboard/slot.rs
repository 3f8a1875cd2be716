//! A place on the switchboard: a source's receiver, and how its samples become poses.

use super::{
    SwitchboardSettings,
    watch::{Health, Watch},
};
use crate::{
    calibration::{Calibration, NeutralMean},
    pose::Pose,
    profile::PoseMapper,
    sample::{FaceSample, Head},
    source::SampleReceiver,
};

/// Seconds of a steady face whose mean becomes the neutral head where calibration is automatic.
const AUTO_CALIBRATION: f64 = 1.0;

/// Degrees that a steady head stays within of its mean, about each axis.
const STEADY_DEG: f64 = 5.0;

/// Seconds after the first face in which a steady one is waited for; then what there is stays, for the puppet shall not
/// change its bearing in the middle of a show.
const UNSTEADY: f64 = 10.0;

/// A capture source as the switchboard holds it.
pub struct Slot {
    name: String,
    receiver: SampleReceiver,
    mapper: PoseMapper,
    mirror: bool,
    detect_frozen: bool,
    last_resort: bool,
    calibration: Calibration,
    auto_calibration: Option<AutoCalibration>,
    watch: Option<Watch>,
    face: Option<FaceSample>,
    pose: Option<Pose>,
}

/// A calibration in progress. At first the neutral head is the mean of the faces so far; if the head turns out not to be
/// steady, that mean stays until a second of steady ones has come.
#[derive(Clone, Copy, Default)]
struct AutoCalibration {
    first: Option<f64>,
    since: f64,
    mean: NeutralMean,
    strayed: bool,
}

impl AutoCalibration {
    /// Takes one more face at `now`. The neutral head to use from now on, if there is another, and whether it is final.
    fn take(&mut self, head: &Head, now: f64) -> (Option<Calibration>, bool) {
        if now - *self.first.get_or_insert(now) >= UNSTEADY {
            return (None, true);
        }
        let strays = |mean: Calibration| mean.relative(head).rotation_deg.iter().any(|angle| angle.abs() > STEADY_DEG);
        match self.mean.calibration() {
            None => self.since = now,
            Some(mean) if strays(mean) => {
                (self.since, self.mean, self.strayed) = (now, NeutralMean::default(), true);
            }
            Some(_) => {}
        }
        self.mean.add(head);
        let done = now - self.since >= AUTO_CALIBRATION;
        (self.mean.calibration().filter(|_| done || !self.strayed), done)
    }
}

impl Slot {
    /// A slot for the source whose samples come out of `receiver`; `name` is what it is chosen by.
    pub fn new(name: impl Into<String>, receiver: SampleReceiver, mapper: PoseMapper) -> Self {
        Self {
            name: name.into(),
            receiver,
            mapper,
            mirror: false,
            detect_frozen: true,
            last_resort: false,
            calibration: Calibration::default(),
            auto_calibration: None,
            watch: None,
            face: None,
            pose: None,
        }
    }

    /// Whether its poses are shown as in a looking glass. Off by default.
    #[must_use]
    pub fn mirrored(mut self, mirror: bool) -> Self {
        self.mirror = mirror;
        self
    }

    /// Whether the first steady second of faces becomes the neutral head. Off by default.
    #[must_use]
    pub fn auto_calibrated(mut self, auto: bool) -> Self {
        self.auto_calibration = auto.then(AutoCalibration::default);
        self
    }

    /// Whether samples that no longer change mean that the source hangs. On by default; off for a source that may rest,
    /// such as a program that repeats one expression until it is told another.
    #[must_use]
    pub fn frozen_detected(mut self, detect: bool) -> Self {
        self.detect_frozen = detect;
        self
    }

    /// Whether it takes over only when no other slot can: idle motion. Off by default.
    #[must_use]
    pub fn last_resort(mut self, last: bool) -> Self {
        self.last_resort = last;
        self
    }

    /// The name it is chosen by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The source's end of the slot.
    pub fn receiver(&self) -> &SampleReceiver {
        &self.receiver
    }

    /// Whether its poses are shown as in a looking glass.
    pub fn is_mirrored(&self) -> bool {
        self.mirror
    }

    pub(super) fn is_last_resort(&self) -> bool {
        self.last_resort
    }

    /// The pose of its newest face, or none yet.
    pub(super) fn pose(&self) -> Option<Pose> {
        self.pose
    }

    pub(super) fn watch(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    pub(super) fn health(&self, settings: &SwitchboardSettings, now: f64) -> Health {
        self.watch.map_or(Health::Waiting, |watch| watch.health(settings, self.detect_frozen, now))
    }

    /// Takes the newest sample. Whether it holds a face after none came for `gap` seconds: the pose may then jump.
    pub(super) fn receive(&mut self, gap: f64, now: f64) -> bool {
        let watch = self.watch.get_or_insert_with(|| Watch::new(now));
        watch.tick(now);
        let Some((sequence, sample)) = self.receiver.latest() else { return false };
        let age = watch.face_age(now);
        if !watch.receive(sequence, &sample, now) || !sample.tracked {
            return false;
        }
        self.calibrate(&sample, now);
        self.face = Some(sample);
        self.map_again();
        age.is_none_or(|age| age >= gap)
    }

    fn calibrate(&mut self, sample: &FaceSample, now: f64) {
        let Some(auto) = &mut self.auto_calibration else { return };
        let (neutral, done) = auto.take(&sample.head, now);
        if let Some(neutral) = neutral {
            self.calibration = neutral;
        }
        if done {
            self.auto_calibration = None;
        }
    }

    /// Takes the present head as the neutral one. Whether there was a face to take it from.
    pub(super) fn recentre(&mut self) -> bool {
        let Some(face) = &self.face else { return false };
        self.calibration.recentre(&face.head);
        self.auto_calibration = None;
        self.map_again();
        true
    }

    pub(super) fn set_mirror(&mut self, mirror: bool) {
        self.mirror = mirror;
        self.map_again();
    }

    fn map_again(&mut self) {
        let pose = self.face.map(|face| self.mapper.map(&self.calibration.apply(&face)));
        self.pose = pose.map(|pose| if self.mirror { pose.mirrored() } else { pose });
    }
}
