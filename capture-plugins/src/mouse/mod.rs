//! The capture source `mouse`: head and eyes follow the mouse pointer over the puppet's window.

use crate::{
    Pointer, SourceError, Surroundings,
    entry::{
        info::{SettingInfo, SourceInfo},
        settings::Settings,
    },
    gaze::{Steering, turn_eyes, turn_head},
    idle::Life,
    ifacialmocap::PROFILE,
    pace::{Pace, Rate},
};
use bunraku_core::{
    sample::FaceSample,
    source::{CancellationToken, CaptureSource, SampleSender, SourceState},
};
use serde::Deserialize;
use std::{future::Future, pin::Pin};

/// The entry in the registry.
pub(crate) const INFO: SourceInfo = SourceInfo {
    settings: &[SettingInfo::optional("rate", Some("60"), "samples a second, 1 to 240")],
    ..SourceInfo::new("mouse", "head and eyes follow the mouse pointer over the window", PROFILE, open)
};

/// The share of the idle sway that is kept: without it, a hand at rest would make the source look frozen.
const SWAY: f64 = 0.15;

/// The settings of the source `mouse`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MouseSettings {
    /// Samples a second.
    pub rate: Rate,
}

fn open(settings: &Settings, surroundings: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let settings = settings.read(INFO.name)?;
    Ok(Box::new(Mouse { settings, pointer: surroundings.pointer.clone() }))
}

struct Mouse {
    settings: MouseSettings,
    pointer: Pointer,
}

impl CaptureSource for Mouse {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn describe(&self) -> String {
        "the mouse pointer over the window".to_owned()
    }

    fn run(self: Box<Self>, sender: SampleSender, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            stop.run_until_cancelled(self.follow(sender)).await;
        })
    }
}

impl Mouse {
    /// Follows the pointer once it has been over the window; while it is outside, the puppet looks straight ahead.
    async fn follow(self: Box<Self>, mut sender: SampleSender) {
        sender.report(SourceState::Connecting("move the pointer over the window".to_owned()));
        let mut pace = Pace::new(self.settings.rate);
        while self.pointer.position().is_none() {
            pace.next().await;
        }
        sender.report(SourceState::Live);
        let life = Life::new(0);
        let mut steering = Steering::default();
        loop {
            let beat = pace.next().await;
            steering.advance(self.pointer.position(), beat.since_last);
            let mut sample = FaceSample::seen_at(beat.time);
            turn_eyes(&mut sample, steering.eyes());
            turn_head(&mut sample, steering.head());
            life.sway(&mut sample, beat.time, SWAY);
            sender.publish(sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Surroundings, testing::TestSource};
    use bunraku_core::source::SourceState;

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_the_pointer_then_follows_it_without_freezing() {
        let surroundings = Surroundings::default();
        let mut source = TestSource::start_in("mouse", &surroundings);
        let state = source.until_state("a hint", |state| *state != SourceState::Idle).await;
        assert_eq!(state, SourceState::Connecting("move the pointer over the window".to_owned()));
        surroundings.pointer.moved_to(-1.0, 1.0);
        let sample = source.until_sample("the pointer", |sample| sample.head.rotation_deg[1] < -8.0).await;
        assert_eq!(source.receiver.state(), SourceState::Live);
        let later = source.until_sample("a still hand", |later| later.time > sample.time + 10.0).await;
        assert!(later.head.rotation_deg[0] < -11.0 && later.head.rotation_deg[1] < -8.0);
        source.until_sample("life", |sample| !sample.same_face(&later)).await;
        source.stop().await;
    }
}
