//! An input of the mixer: a source's receiver, and how its samples are prepared before they are mixed.

use super::{
    MixerSettings,
    health::{Health, Watch},
    layer::{Face, Layer},
    preparation::Preparation,
};
use crate::{
    calibration::AutoCalibration,
    channel::{Channel, Channels},
    profile::Profile,
    sample::FaceSample,
    source::SampleReceiver,
};

/// A capture source as the mixer holds it.
///
/// Calibration and mirroring are the source's own and are applied here, before samples are mixed, so that a face that
/// fades out keeps those it was shown with.
pub struct MixerInput {
    name: String,
    receiver: SampleReceiver,
    profile: Profile,
    channels: Channels,
    may_rest: bool,
    last_resort: bool,
    preparation: Preparation,
    watch: Option<Watch>,
    /// The newest sample with a face, as the source published it.
    newest: Option<FaceSample>,
    /// The face that counts.
    shown: Layer,
    /// The face that was shown before the last jump, while it fades out.
    ghost: Layer,
    /// Whether the newest face may be far from the one shown though little time has passed.
    jumped: bool,
    run: u32,
}

impl MixerInput {
    /// An input for the source whose samples of kind `profile` come out of `receiver`; `name` is what it is selected by.
    pub fn new(name: impl Into<String>, receiver: SampleReceiver, profile: Profile) -> Self {
        Self {
            name: name.into(),
            receiver,
            profile,
            channels: Channels::ALL,
            may_rest: false,
            last_resort: false,
            preparation: Preparation::default(),
            watch: None,
            newest: None,
            shown: Layer::default(),
            ghost: Layer::default(),
            jumped: false,
            run: 0,
        }
    }

    /// The channels it may drive. All by default.
    #[must_use]
    pub fn driving(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// Whether its faces are mirrored. Off by default.
    #[must_use]
    pub fn mirrored(mut self, mirror: bool) -> Self {
        self.preparation.mirror = mirror;
        self
    }

    /// Whether the first steady second of faces becomes the neutral head. Off by default.
    #[must_use]
    pub fn auto_calibrated(mut self, auto: bool) -> Self {
        self.preparation.auto_calibration = auto.then(AutoCalibration::default);
        self
    }

    /// Whether its samples may stay equal for long while all is well, as those of a program that repeats one expression
    /// until the next. Off by default: samples that no longer change then mean that the source hangs.
    #[must_use]
    pub fn resting(mut self, may_rest: bool) -> Self {
        self.may_rest = may_rest;
        self
    }

    /// Whether it drives a channel only when no other input can: idle motion. Off by default.
    #[must_use]
    pub fn last_resort(mut self, last: bool) -> Self {
        self.last_resort = last;
        self
    }

    /// The name it is selected by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The channels it may drive.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// Whether its faces are mirrored.
    pub fn is_mirrored(&self) -> bool {
        self.preparation.mirror
    }

    pub(super) fn receiver(&self) -> &SampleReceiver {
        &self.receiver
    }

    pub(super) fn is_last_resort(&self) -> bool {
        self.last_resort
    }

    pub(super) fn watch(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    pub(super) fn health(&self, settings: &MixerSettings, now: f64) -> Health {
        self.watch.map_or(Health::Waiting, |watch| watch.health(settings, !self.may_rest, now))
    }

    /// Both layers, the one that fades out first.
    pub(super) fn layers(&self) -> [&Layer; 2] {
        [&self.ghost, &self.shown]
    }

    /// Takes the newest sample. One that makes an unfit source fit again may be far from what is shown.
    pub(super) fn receive(&mut self, settings: &MixerSettings, now: f64) {
        let health = self.health(settings, now);
        let watch = self.watch.get_or_insert_with(|| Watch::new(now));
        watch.tick(now);
        let Some((sequence, sample)) = self.receiver.latest() else { return };
        if !watch.receive(sequence, &sample, now) || !sample.tracked {
            return;
        }
        let recovers = match health {
            Health::Healthy => false,
            Health::Frozen => watch.has_changed_at(now),
            Health::Waiting | Health::Stale | Health::Lost => true,
        };
        self.jumped |= self.preparation.take(&sample.head, now) || recovers;
        self.newest = Some(sample);
    }

    /// Takes the present head as the neutral one. Whether there was a face to take it from.
    pub(super) fn recentre(&mut self) -> bool {
        let Some(face) = &self.newest else { return false };
        self.preparation.recentre(&face.head);
        self.jumped = true;
        true
    }

    /// Takes over what `old` shows, for as long as this one has delivered nothing.
    pub(super) fn take_over(&mut self, old: &Self) {
        (self.shown, self.ghost, self.run) = (old.shown, old.ghost, old.run);
        self.jumped = true;
    }

    /// Shows the newest face. After a jump, the face shown so far becomes the one that fades out, which takes the shares
    /// with it; while another still fades out, that waits. Whether it was so.
    pub(super) fn show_newest(&mut self) -> bool {
        let Some(newest) = &self.newest else { return false };
        let leaves = self.jumped && self.shown.is_visible();
        if leaves && self.ghost.is_visible() {
            return false;
        }
        if leaves {
            self.ghost.take_from(&mut self.shown);
        }
        self.run = self.run.wrapping_add(u32::from(self.jumped));
        self.jumped = false;
        self.shown.face = Some(Face {
            run: self.run,
            profile: self.profile,
            mirrored: self.preparation.mirror,
            sample: self.preparation.apply(newest),
        });
        leaves
    }

    /// See [`Layer::restart`].
    pub(super) fn restart(&mut self, channel: Channel) {
        self.shown.restart(channel);
        self.ghost.restart(channel);
    }

    /// See [`Layer::advance`].
    pub(super) fn advance(&mut self, channel: Channel, done: f64, target: bool) {
        self.ghost.advance(channel, done, false);
        self.shown.advance(channel, done, target);
    }
}
