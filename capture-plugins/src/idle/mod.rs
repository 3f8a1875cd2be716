//! The capture source `idle`: small life-like motion while no face is tracked. It needs no device and never ends.

mod life;

use crate::{
    Pointer, SourceError, Surroundings,
    entry::{
        info::{SettingInfo, SourceInfo},
        settings::Settings,
    },
    gaze::Steering,
    ifacialmocap::PROFILE,
    pace::{Pace, Rate},
};
use bunraku_core::source::{CancellationToken, CaptureSource, SampleSender, SourceState};
pub(crate) use life::Life;
use serde::Deserialize;
use std::{future::Future, pin::Pin};

/// The entry in the registry.
pub(crate) const INFO: SourceInfo = SourceInfo {
    settings: &[
        SettingInfo::optional("mouse", Some("true"), "head and eyes follow the pointer while it is over the window"),
        SettingInfo::optional("rate", Some("60"), "samples a second, 1 to 240"),
        SettingInfo::optional("seed", Some("0"), "varies the motion"),
    ],
    last_resort: true,
    example: "idle:mouse=false",
    ..SourceInfo::new("idle", "small life-like motion, with the mouse steering head and eyes", PROFILE, open)
};

/// The settings of the source `idle`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdleSettings {
    /// Whether head and eyes follow the pointer while it is over the window.
    pub mouse: bool,
    /// Samples a second.
    pub rate: Rate,
    /// Varies the motion; the same seed always gives the same motion.
    pub seed: u64,
}

impl Default for IdleSettings {
    fn default() -> Self {
        Self { mouse: true, rate: Rate::default(), seed: 0 }
    }
}

fn open(settings: &Settings, surroundings: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
    let settings = settings.read(INFO.name)?;
    Ok(Box::new(Idle { settings, pointer: surroundings.pointer.clone() }))
}

struct Idle {
    settings: IdleSettings,
    pointer: Pointer,
}

impl CaptureSource for Idle {
    fn name(&self) -> &'static str {
        INFO.name
    }

    fn describe(&self) -> String {
        let mouse = if self.settings.mouse { ", with the mouse steering head and eyes" } else { "" };
        format!("idle motion{mouse}")
    }

    fn run(self: Box<Self>, sender: SampleSender, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            stop.run_until_cancelled(self.live(sender)).await;
        })
    }
}

impl Idle {
    async fn live(self: Box<Self>, mut sender: SampleSender) {
        sender.report(SourceState::Live);
        let life = Life::new(self.settings.seed);
        let mut steering = Steering::default();
        let mut pace = Pace::new(self.settings.rate);
        loop {
            let beat = pace.next().await;
            steering.advance(self.pointer.position().filter(|_| self.settings.mouse), beat.since_last);
            sender.publish(life.face(beat.time, steering.attention(), steering.eyes(), steering.head()));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Surroundings, testing::TestSource};
    use bunraku_core::{sample::Blendshape, source::SourceState};

    #[tokio::test(start_paused = true)]
    async fn it_is_live_at_once_and_keeps_its_rate() {
        let mut source = TestSource::start("idle:rate=50,seed=3");
        let sample = source.until_sample("ten seconds", |sample| sample.time >= 10.0).await;
        assert_eq!(source.receiver.state(), SourceState::Live);
        let (sequence, _) = source.receiver.latest().expect("samples");
        assert_eq!((sequence, sample.time), (501, 10.0));
        source.stop().await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_pointer_steers_unless_turned_off() {
        let surroundings = Surroundings::default();
        surroundings.pointer.moved_to(1.0, 0.0);
        let mut steered = TestSource::start_in("idle", &surroundings);
        let mut free = TestSource::start_in("idle:mouse=false", &surroundings);
        let one = steered.until_sample("two seconds", |sample| sample.time >= 2.0).await;
        let other = free.until_sample("two seconds", |sample| sample.time >= 2.0).await;
        assert!(one.head.rotation_deg[1] > 6.0 && other.head.rotation_deg[1].abs() < 4.0);
        assert!(one[Blendshape::EyeLookOutLeft] > 0.6, "{}", one[Blendshape::EyeLookOutLeft]);
        surroundings.pointer.left();
        steered.until_sample("its rest", |sample| sample.head.rotation_deg[1].abs() < 4.0).await;
        steered.stop().await;
        free.stop().await;
    }
}
