//! The mixer under a virtual clock: 60 ticks a second, sources publish when the test says so.

mod channels;
mod jumps;
mod random;
mod take_over;

use super::*;
use crate::{
    mapping::PoseMapping,
    pose::{Parameter, Pose},
    profile::testing::PHONE,
    sample::{Blendshape, FaceSample},
    source::{SampleSender, SourceState, slot},
};
use std::sync::Arc;

const FRAME: f64 = 1.0 / 60.0;

/// A source in the test's hand.
struct Source {
    sender: SampleSender,
    /// The jaw it publishes each frame, or nothing.
    jaw: Option<f64>,
    /// How its head is turned, in degrees.
    turn: f64,
    tracked: bool,
    /// Whether each sample differs a little, as a living face does.
    alive: bool,
}

struct Rig {
    mixer: Mixer,
    sources: Vec<Source>,
    frame: u32,
    state: FaceState,
    pose: Pose,
    /// The most that any parameter has moved in a frame, in parts of its range.
    fastest: f32,
}

/// The most that a share may change in a frame: a fade's mean speed by 1.5.
fn fastest_share() -> f32 {
    (1.5 / MixerSettings::default().fade * FRAME) as f32 + 1e-4
}

impl Rig {
    /// A rig with sources of these names; `idle` is the last resort and lives, the others are silent.
    fn new(names: &[&str]) -> Self {
        let mut rig = Self {
            mixer: Mixer::new(MixerSettings::default()),
            sources: Vec::new(),
            frame: 0,
            state: FaceState::default(),
            pose: Pose::default(),
            fastest: 0.0,
        };
        for name in names {
            rig.add(name, |input| input);
        }
        rig
    }

    fn add(&mut self, name: &str, change: impl FnOnce(MixerInput) -> MixerInput) -> usize {
        let (input, source) = new_input(name);
        self.sources.push(source);
        self.mixer.add(change(input))
    }

    /// One frame: every source publishes what it has, then the mixer is ticked.
    fn step(&mut self) -> Pose {
        for source in &mut self.sources {
            source.publish(self.frame);
        }
        self.state.clone_from(self.mixer.tick(f64::from(self.frame) * FRAME));
        let pose = PoseMapping::default().map(&self.state);
        for parameter in Parameter::ALL {
            let range = Parameter::MAX - parameter.min();
            self.fastest = self.fastest.max((pose[parameter] - self.pose[parameter]).abs() / range);
        }
        (self.pose, self.frame) = (pose, self.frame + 1);
        pose
    }

    fn run(&mut self, seconds: f64) -> Pose {
        for _ in 0..(seconds / FRAME).round() as u32 {
            self.step();
        }
        self.pose
    }

    /// The name of the source that drives `channel`.
    fn driver(&self, channel: Channel) -> Option<&str> {
        self.mixer.driver(channel).map(|index| self.mixer.inputs[index].name())
    }

    /// The name of the source that drives the whole face.
    fn live(&self) -> Option<&str> {
        let driver = self.driver(Channel::Head);
        assert!(Channel::ALL.into_iter().all(|channel| self.driver(channel) == driver), "several drive the face");
        driver
    }

    fn mouth(&self) -> f32 {
        self.pose[Parameter::MouthAaa]
    }

    fn turn(&self) -> f32 {
        self.pose[Parameter::HeadY]
    }
}

fn new_input(name: &str) -> (MixerInput, Source) {
    let (sender, receiver) = slot(Arc::new(|| {}));
    let is_idle = name == "idle";
    let source = Source { sender, jaw: is_idle.then_some(0.0), turn: 0.0, tracked: true, alive: true };
    (MixerInput::new(name, receiver, PHONE).last_resort(is_idle), source)
}

impl Source {
    /// Whether a face arrives from it every frame.
    fn delivers(&self) -> bool {
        self.jaw.is_some() && self.tracked
    }

    fn publish(&mut self, frame: u32) {
        let Some(jaw) = self.jaw else { return };
        let mut sample = open_mouth(jaw);
        sample.tracked = self.tracked;
        sample.head.rotation_deg = [0.0, self.turn, 0.0];
        // The tongue is read by no profile.
        if self.alive {
            sample[Blendshape::TongueOut] = f64::from(frame);
        }
        self.sender.publish(sample);
    }
}

/// A face whose mouth is open, wide at 1.
fn open_mouth(jaw: f64) -> FaceSample {
    let mut sample = FaceSample::seen_at(0.0);
    sample[Blendshape::JawOpen] = jaw;
    sample[Blendshape::MouthLowerDownLeft] = jaw;
    sample
}

#[test]
fn without_sources_the_face_state_is_empty() {
    let mut mixer = Mixer::new(MixerSettings::default());
    assert_eq!(*mixer.tick(0.0), FaceState::default());
    assert_eq!(*mixer.tick(f64::NAN), FaceState::default());
    assert!(!mixer.select(0) && mixer.driver(Channel::Head).is_none() && mixer.selected_name().is_none());
}

#[test]
fn a_source_that_is_alone_is_given_out_to_the_bit() {
    let mut rig = Rig::new(&["phone"]);
    (rig.sources[0].jaw, rig.sources[0].turn) = (Some(0.3), 0.1);
    rig.run(0.5);
    let [face] = &rig.state.faces[..] else { panic!("one face") };
    let mut expected = open_mouth(0.3);
    expected.head.rotation_deg = [0.0, 0.1, 0.0];
    expected[Blendshape::TongueOut] = f64::from(rig.frame - 1);
    assert_eq!((face.sample, face.weights), (expected, [1.0; CHANNEL_COUNT]));
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_running_one() {
    let mut rig = Rig::new(&["ifacialmocap", "idle"]);
    let error = rig.mixer.select_name("ifacialmocup").expect_err("misspelt");
    assert_eq!(error.nearest.as_deref(), Some("ifacialmocap"));
    assert!(error.to_string().contains("did you mean `ifacialmocap`?"), "{error}");
    assert_eq!(rig.mixer.selected_name(), Some("ifacialmocap"));
}

#[test]
fn the_status_gives_each_sources_channels_age_and_rate() {
    let mut rig = Rig::new(&["phone", "idle"]);
    rig.sources[0].jaw = Some(0.5);
    rig.sources[1].jaw = None;
    rig.sources[1].sender.report(SourceState::Failed("no port".to_owned()));
    rig.sources[1].sender.skip(3);
    rig.run(2.5);
    let status = rig.mixer.status();
    assert_eq!((status.selected.as_deref(), status.fading), (Some("phone"), false));
    let [phone, idle] = &status.inputs[..] else { panic!("two inputs") };
    assert_eq!((phone.health, phone.age, phone.drives), (Health::Healthy, Some(0.0), Channels::ALL));
    assert!((phone.rate - 60.0).abs() < 2.0, "{}", phone.rate);
    assert_eq!((idle.health, idle.age, idle.skipped, idle.drives), (Health::Stale, None, 3, Channels::NONE));
    assert_eq!(idle.state, SourceState::Failed("no port".to_owned()));
}

#[test]
fn a_clock_that_goes_back_is_taken_to_stand() {
    let mut rig = Rig::new(&["phone", "idle"]);
    rig.sources[0].jaw = Some(1.0);
    rig.run(1.0);
    let before = rig.state.clone();
    assert_eq!(*rig.mixer.tick(-100.0), before);
    assert_eq!(*rig.mixer.tick(f64::NAN), before);
    assert_eq!(rig.live(), Some("phone"));
}
