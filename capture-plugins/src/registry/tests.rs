//! Tests of the registry's entries and of opening sources, one of which is made up.

use super::*;
use crate::{LineFormat, SettingInfo, Settings, profiles::find_in as find_profile_in};
use bunraku_core::{
    channel::{Channel, Channels},
    profile::Profile,
    sample::{Blendshape, FaceSample},
    source::{CancellationToken, SampleSender, SourceState, slot},
    yaml,
};
use serde::Deserialize;
use std::{future::Future, pin::Pin, sync::Arc};

fn open_error(spec: &str) -> String {
    let spec: SourceSpec = spec.parse().expect("well formed");
    match open(&spec, &Surroundings::default()) {
        Ok(source) => panic!("opened {}", source.describe()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_default_in_the_registry_is_accepted() {
    for info in registry() {
        for setting in info.settings {
            let Some(default) = setting.default else { continue };
            let spec: SourceSpec = format!("{}:{}={default}", info.name, setting.name).parse().expect("well formed");
            if info.settings.iter().any(|setting| setting.required) {
                continue;
            }
            if let Err(error) = open(&spec, &Surroundings::default()) {
                panic!("{spec}: {error}");
            }
        }
    }
}

#[test]
fn every_example_names_its_source_and_known_settings() {
    for info in registry() {
        let spec: SourceSpec = info.example.parse().expect("well formed");
        assert_eq!(spec.name, info.name);
        assert_eq!(info.check_names(&spec.settings), Ok(()));
        assert!(info.all_settings().all(|setting| !setting.about.is_empty()), "{}", info.name);
    }
}

#[test]
fn an_error_for_a_misspelt_source_suggests_the_nearest_name() {
    let error = open_error("ifacialmokap");
    assert!(error.contains("did you mean `ifacialmocap`?"), "{error}");
}

#[test]
fn an_error_for_a_misspelt_setting_suggests_the_nearest_and_lists_all() {
    let error = open_error("ifacialmocap:hots=192.168.0.7");
    assert!(error.contains("`hots`") && error.contains("did you mean `host`?") && error.contains("port"), "{error}");
}

#[test]
fn every_source_accepts_the_setting_channels() {
    for text in ["idle:channels=head+mouth", "mouse:channels=gaze,rate=30"] {
        let spec: SourceSpec = text.parse().expect("well formed");
        assert!(open(&spec, &Surroundings::default()).is_ok(), "{text}");
    }
    let spec: SourceSpec = yaml::from_str("{name: idle, channels: mouth+head}").expect("well formed");
    assert_eq!(spec.channels(), Ok(Channels::of(&[Channel::Head, Channel::Mouth])));
    assert_eq!("idle".parse::<SourceSpec>().and_then(|spec| spec.channels()), Ok(Channels::ALL));
    let error = open_error("idle:channels=nose");
    assert!(error.contains("`channels`") && error.contains("`nose`") && error.contains("brows"), "{error}");
}

#[test]
fn an_error_for_an_invalid_value_names_its_setting() {
    let error = open_error("ifacialmocap:port=70000");
    assert!(error.contains("`port`") && error.contains("70000"), "{error}");
}

/// A made-up source, as its folder would define it: settings, profile, line format and entry.
mod kazoo {
    use super::*;

    const PROFILE: Profile = Profile { name: "kazoo", inverted_frown_guard: false, head_offsets: false };

    pub(super) const INFO: SourceInfo = SourceInfo {
        settings: &[SettingInfo::optional("volume", Some("0.5"), "how wide the mouth opens, 0 to 1")],
        channels: Channels::of(&[Channel::Mouth]),
        may_rest: true,
        lines: Some(LineFormat { about: "a volume", parse }),
        ..SourceInfo::new("kazoo", "a kazoo", PROFILE, open)
    };

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Kazoo {
        volume: f64,
    }

    fn open(settings: &Settings, _: &Surroundings) -> Result<Box<dyn CaptureSource>, SourceError> {
        Ok(Box::new(settings.read::<Kazoo>(INFO.name)?))
    }

    fn parse(line: &[u8]) -> Result<FaceSample, String> {
        let volume = str::from_utf8(line).ok().and_then(|text| text.parse().ok()).ok_or("not a number")?;
        Ok(played_at(volume))
    }

    fn played_at(volume: f64) -> FaceSample {
        let mut sample = FaceSample::seen_at(0.0);
        sample[Blendshape::JawOpen] = volume;
        sample
    }

    impl CaptureSource for Kazoo {
        fn name(&self) -> &'static str {
            INFO.name
        }

        fn describe(&self) -> String {
            format!("a kazoo at volume {}", self.volume)
        }

        fn run(
            self: Box<Self>,
            mut sender: SampleSender,
            _: CancellationToken,
        ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(async move {
                sender.report(SourceState::Live);
                sender.publish(played_at(self.volume));
            })
        }
    }
}

#[tokio::test]
async fn a_new_source_needs_only_its_entry_in_the_registry() {
    let sources = [kazoo::INFO, crate::idle::INFO];
    let spec: SourceSpec = "kazoo:volume=0.75,channels=mouth+head".parse().expect("well formed");
    let info = SourceInfo::find_in(&sources, &spec.name).expect("registered");
    assert_eq!(info.driven_channels(&spec.settings), Ok(Channels::of(&[Channel::Mouth])));

    let (sender, mut receiver) = slot(Arc::new(|| {}));
    let source = info.open(&spec.settings, &Surroundings::default()).expect("it opens");
    assert_eq!(source.describe(), "a kazoo at volume 0.75");
    source.run(sender, CancellationToken::new()).await;
    let (_, sample) = receiver.latest().expect("a sample");
    assert_eq!(sample[Blendshape::JawOpen], 0.75);

    let profile = find_profile_in(&sources, "kazoo").expect("it comes with the source");
    assert_eq!(profile.profile, info.profile);
    assert_eq!((profile.lines.parse)(b"0.75"), Ok(sample));
}

#[test]
fn exactly_one_source_is_the_last_resort() {
    assert_eq!(registry().iter().filter(|info| info.last_resort).count(), 1);
}
