//! The switchboard under a virtual clock: 60 ticks a second, sources publish when the test says so.

use super::*;
use crate::{
    pose::{POSE_LEN, Parameter},
    profile::PoseMapper,
    sample::{Blendshape, FaceSample},
    source::{SampleSender, SourceState, slot},
};
use proptest::prelude::*;
use std::sync::Arc;

const FRAME: f64 = 1.0 / 60.0;

/// A source in the test's hand.
struct Source {
    sender: SampleSender,
    /// What it publishes each frame, or nothing.
    jaw: Option<f64>,
    tracked: bool,
    /// Whether each sample differs a little, as a living face does.
    alive: bool,
}

struct Rig {
    board: Switchboard,
    sources: Vec<Source>,
    frame: u32,
    shown: Pose,
}

impl Rig {
    /// A rig with sources of these names; `idle` is the last resort and lives, the others are silent.
    fn new(names: &[&str]) -> Self {
        let board = Switchboard::new(SwitchboardSettings::default());
        let mut rig = Self { board, sources: Vec::new(), frame: 0, shown: Pose::default() };
        for name in names {
            rig.add(name, |slot| slot);
        }
        rig
    }

    fn add(&mut self, name: &str, change: impl FnOnce(Slot) -> Slot) {
        let (slot, source) = new_slot(name);
        self.board.add(change(slot));
        self.sources.push(source);
    }

    /// One frame: every source publishes what it has, then the board is ticked.
    fn step(&mut self) -> Pose {
        for source in &mut self.sources {
            source.publish(self.frame);
        }
        self.shown = self.board.tick(f64::from(self.frame) * FRAME);
        self.frame += 1;
        self.shown
    }

    fn run(&mut self, seconds: f64) -> Pose {
        for _ in 0..(seconds / FRAME).round() as u32 {
            self.step();
        }
        self.shown
    }

    fn live(&self) -> Option<&str> {
        self.board.live_name()
    }

    fn mouth(&self) -> f32 {
        self.shown[Parameter::MouthAaa]
    }
}

fn new_slot(name: &str) -> (Slot, Source) {
    let (sender, receiver) = slot(Arc::new(|| {}));
    let is_idle = name == "idle";
    let source = Source { sender, jaw: is_idle.then_some(0.0), tracked: true, alive: true };
    (Slot::new(name, receiver, PoseMapper::default()).last_resort(is_idle), source)
}

impl Source {
    fn publish(&mut self, frame: u32) {
        let Some(jaw) = self.jaw else { return };
        let mut sample = FaceSample { tracked: self.tracked, ..FaceSample::default() };
        sample[Blendshape::JawOpen] = jaw;
        // The jaw is open at 1; the tongue is read by no profile.
        sample[Blendshape::MouthLowerDownLeft] = jaw;
        if self.alive {
            sample[Blendshape::TongueOut] = f64::from(frame);
        }
        self.sender.publish(sample);
    }
}

#[test]
fn without_sources_the_pose_rests() {
    let mut board = Switchboard::new(SwitchboardSettings::default());
    assert_eq!(board.tick(0.0), Pose::default());
    assert_eq!(board.tick(f64::NAN), Pose::default());
    assert!(!board.select(0) && board.live_name().is_none() && board.chosen_name().is_none());
}

#[test]
fn a_source_that_never_delivers_gives_way_to_idle_after_the_stale_time() {
    let mut rig = Rig::new(&["phone", "idle"]);
    rig.run(0.9);
    assert_eq!(rig.live(), None);
    rig.run(0.2);
    assert_eq!((rig.live(), rig.board.chosen_name()), (Some("idle"), Some("phone")));
    rig.sources[0].jaw = Some(1.0);
    rig.run(0.3);
    assert_eq!(rig.live(), Some("phone"));
    assert!(rig.mouth() > 0.9);
}

#[test]
fn a_stale_source_gives_way_to_the_next_healthy_one_and_returns_by_itself() {
    let mut rig = Rig::new(&["phone", "broken", "idle", "camera"]);
    rig.sources[0].jaw = Some(1.0);
    rig.sources[3].jaw = Some(0.2);
    rig.run(2.0);
    assert_eq!(rig.live(), Some("phone"));
    rig.sources[0].jaw = None;
    rig.run(0.9);
    assert_eq!(rig.live(), Some("phone"));
    rig.run(0.2);
    assert_eq!(rig.live(), Some("camera"), "idle is the last resort, wherever it stands");
    rig.sources[3].jaw = None;
    rig.run(1.1);
    assert_eq!(rig.live(), Some("idle"));
    rig.sources[0].jaw = Some(0.5);
    rig.step();
    assert_eq!(rig.live(), Some("phone"));
}

#[test]
fn with_nobody_fit_the_last_pose_is_held_and_left_by_a_fade() {
    let mut rig = Rig::new(&["phone"]);
    rig.sources[0].jaw = Some(1.0);
    let held = rig.run(1.0);
    rig.sources[0].jaw = None;
    assert_eq!(rig.run(5.0), held);
    rig.sources[0].jaw = Some(0.0);
    let first = rig.step()[Parameter::MouthAaa];
    assert!(first > 0.9, "a jump to {first}");
    rig.run(0.3);
    assert_eq!(rig.mouth(), 0.0);
}

#[test]
fn a_frozen_source_gives_way_until_it_moves() {
    let mut rig = Rig::new(&["phone", "idle"]);
    rig.sources[0].jaw = Some(1.0);
    rig.run(1.0);
    rig.sources[0].alive = false;
    rig.run(9.9);
    assert_eq!(rig.live(), Some("phone"));
    rig.run(0.2);
    assert_eq!(rig.live(), Some("idle"));
    assert_eq!(rig.board.status().slots[0].health, Health::Frozen);
    rig.sources[0].alive = true;
    rig.step();
    assert_eq!(rig.live(), Some("phone"));
}

#[test]
fn a_source_that_may_rest_is_never_frozen() {
    let mut rig = Rig::new(&[]);
    rig.add("program", |slot| slot.frozen_detected(false));
    rig.add("idle", |slot| slot.last_resort(true));
    rig.sources[0].jaw = Some(1.0);
    rig.sources[0].alive = false;
    rig.run(30.0);
    assert_eq!(rig.live(), Some("program"));
}

#[test]
fn a_lost_face_is_held_for_a_moment_and_then_given_up() {
    let mut rig = Rig::new(&["camera", "idle"]);
    rig.sources[0].jaw = Some(1.0);
    rig.run(1.0);
    rig.sources[0].tracked = false;
    rig.sources[0].jaw = Some(0.0);
    rig.run(1.9);
    assert!(rig.live() == Some("camera") && rig.mouth() > 0.9, "untracked samples moved the mouth");
    rig.run(0.2);
    assert_eq!(rig.live(), Some("idle"));
    assert_eq!(rig.board.status().slots[0].health, Health::Lost);
}

#[test]
fn a_newly_chosen_source_is_waited_for_while_the_old_one_stays() {
    let mut rig = Rig::new(&["phone"]);
    rig.sources[0].jaw = Some(1.0);
    rig.run(1.0);
    rig.add("camera", |slot| slot);
    rig.board.select_name("camera").expect("it was just added");
    rig.run(0.5);
    assert_eq!(rig.live(), Some("phone"));
    rig.sources[1].jaw = Some(0.0);
    rig.run(0.3);
    assert_eq!((rig.live(), rig.mouth()), (Some("camera"), 0.0));
}

#[test]
fn a_fade_takes_its_time_and_is_half_way_in_the_middle() {
    let mut rig = Rig::new(&["phone", "camera"]);
    rig.sources[0].jaw = Some(0.0);
    rig.sources[1].jaw = Some(1.0);
    rig.run(1.0);
    rig.board.select(1);
    let full = PoseMapper::default().map(&{
        let mut sample = FaceSample::default();
        sample[Blendshape::JawOpen] = 1.0;
        sample[Blendshape::MouthLowerDownLeft] = 1.0;
        sample
    })[Parameter::MouthAaa];
    rig.step();
    assert_eq!(rig.mouth(), 0.0);
    rig.run(0.1);
    assert!((rig.mouth() - full / 2.0).abs() < 1e-5, "{}", rig.mouth());
    assert!(rig.board.status().fading);
    rig.run(0.1 + FRAME);
    assert_eq!(rig.mouth(), full);
    assert!(!rig.board.status().fading);
}

#[test]
fn recentring_makes_the_present_head_the_neutral_one_smoothly() {
    let mut board = Switchboard::new(SwitchboardSettings::default());
    let (slot, mut source) = new_slot("phone");
    board.add(slot);
    assert!(!board.recentre(), "there is no face yet");
    let mut sample = FaceSample { tracked: true, ..FaceSample::default() };
    sample.head.rotation_deg = [0.0, -5.0, 0.0];
    source.sender.publish(sample);
    board.tick(0.0);
    assert_eq!(board.tick(0.5)[Parameter::HeadY], 0.5);
    assert!(board.recentre());
    assert_eq!(board.tick(0.5)[Parameter::HeadY], 0.5);
    assert!(board.tick(0.8)[Parameter::HeadY].abs() < 1e-6);
}

/// The turns of the puppet's head while a camera sees the head at these angles, in degrees about y, frame by frame.
fn turns_while_calibrating(angles: impl Iterator<Item = f64>) -> Vec<f32> {
    let mut board = Switchboard::new(SwitchboardSettings::default());
    let (slot, mut source) = new_slot("camera");
    board.add(slot.auto_calibrated(true));
    let mut turn = |(frame, angle): (usize, f64)| {
        let mut sample = FaceSample { tracked: true, ..FaceSample::default() };
        sample.head.rotation_deg = [0.0, angle, 0.0];
        source.sender.publish(sample);
        board.tick(frame as f64 * FRAME)[Parameter::HeadY]
    };
    angles.enumerate().map(&mut turn).collect()
}

#[test]
fn automatic_calibration_takes_the_first_steady_second_as_neutral() {
    let second = (1.0 / FRAME).round() as usize + 1;
    let turns = turns_while_calibrating((0..2 * second).map(|frame| if frame < second { -20.0 } else { -24.0 }));
    assert!(turns[..second].iter().all(|turn| turn.abs() < 1e-6), "{turns:?}");
    assert!(turns[second..].iter().all(|turn| (turn - 0.4).abs() < 1e-5), "{turns:?}");
}

#[test]
fn a_head_that_is_still_turning_is_not_taken_as_neutral_but_what_it_comes_to() {
    let second = (1.0 / FRAME).round() as usize + 1;
    let turns = turns_while_calibrating((0..3 * second).map(|frame| if frame < second / 2 { 0.0 } else { -8.0 }));
    assert!((turns[second - 1] - 0.8).abs() < 1e-5, "it follows at once: {turns:?}");
    assert!(turns.last().is_some_and(|turn| turn.abs() < 1e-5), "{turns:?}");
    let restless = turns_while_calibrating((0..20 * second).map(|frame| if frame / 20 % 2 == 0 { 0.0 } else { -8.0 }));
    assert!(restless.iter().all(|turn| turn.abs() < 1e-5 || (turn - 0.8).abs() < 1e-5), "it never settles");
}

#[test]
fn a_mirrored_slot_turns_the_other_way_and_toggling_it_does_not_jump() {
    let mut board = Switchboard::new(SwitchboardSettings::default());
    let (slot, mut source) = new_slot("camera");
    board.add(slot.mirrored(true));
    let mut sample = FaceSample { tracked: true, ..FaceSample::default() };
    sample.head.rotation_deg = [0.0, -5.0, 0.0];
    source.sender.publish(sample);
    board.tick(0.0);
    assert_eq!(board.tick(0.5)[Parameter::HeadY], -0.5);
    assert!(board.set_mirror(0, false));
    assert_eq!(board.tick(0.5)[Parameter::HeadY], -0.5);
    assert_eq!(board.tick(0.8)[Parameter::HeadY], 0.5);
}

#[test]
fn replacing_the_live_source_holds_its_pose_until_the_new_one_delivers() {
    let mut rig = Rig::new(&["phone"]);
    rig.sources[0].jaw = Some(1.0);
    let held = rig.run(1.0);
    let (slot, source) = new_slot("phone");
    assert!(rig.board.replace(0, slot).is_some_and(|old| old.name() == "phone"));
    rig.sources[0] = source;
    assert_eq!(rig.run(0.5), held);
    rig.sources[0].jaw = Some(0.0);
    assert!(rig.step()[Parameter::MouthAaa] > 0.9);
    rig.run(0.3);
    assert_eq!(rig.mouth(), 0.0);
}

#[test]
fn removing_slots_keeps_who_is_chosen_and_who_is_live() {
    let mut rig = Rig::new(&["a", "b", "c"]);
    for source in &mut rig.sources {
        source.jaw = Some(0.3);
    }
    rig.board.select(2);
    rig.run(1.0);
    assert!(rig.board.remove(0).is_some_and(|slot| slot.name() == "a"));
    assert_eq!((rig.live(), rig.board.chosen_name()), (Some("c"), Some("c")));
    assert!(rig.board.remove(1).is_some());
    rig.step();
    assert_eq!((rig.live(), rig.board.chosen_name()), (Some("b"), Some("b")));
    assert!(rig.board.remove(1).is_none());
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_running_one() {
    let mut rig = Rig::new(&["ifacialmocap", "idle"]);
    let error = rig.board.select_name("ifacialmocup").expect_err("misspelt");
    assert_eq!(error.nearest.as_deref(), Some("ifacialmocap"));
    assert!(error.to_string().contains("did you mean `ifacialmocap`?"), "{error}");
    assert_eq!(rig.board.chosen_name(), Some("ifacialmocap"));
}

#[test]
fn the_status_tells_who_is_live_how_old_and_how_fast() {
    let mut rig = Rig::new(&["phone", "idle"]);
    rig.sources[0].jaw = Some(0.5);
    rig.sources[1].jaw = None;
    rig.sources[1].sender.report(SourceState::Failed("no port".to_owned()));
    rig.sources[1].sender.skip(3);
    rig.run(2.5);
    let status = rig.board.status();
    assert_eq!((status.chosen.as_deref(), status.live.as_deref()), (Some("phone"), Some("phone")));
    let [phone, idle] = &status.slots[..] else { panic!("two slots") };
    assert_eq!((phone.health, phone.age), (Health::Healthy, Some(0.0)));
    assert!((phone.rate - 60.0).abs() < 2.0, "{}", phone.rate);
    assert_eq!((idle.health, idle.age, idle.skipped), (Health::Stale, None, 3));
    assert_eq!(idle.state, SourceState::Failed("no port".to_owned()));
}

#[test]
fn a_clock_that_goes_back_is_taken_to_stand() {
    let mut rig = Rig::new(&["phone", "idle"]);
    rig.sources[0].jaw = Some(1.0);
    let before = rig.run(1.0);
    assert_eq!(rig.board.tick(-100.0), before);
    assert_eq!(rig.board.tick(f64::NAN), before);
    assert_eq!(rig.live(), Some("phone"));
}

/// What may happen to the rig between two frames.
#[derive(Clone, Debug)]
enum Event {
    Nothing,
    Select(usize),
    Publish(usize, bool),
    Track(usize, bool),
    Live(usize, bool),
    Recentre,
    Mirror(usize, bool),
}

fn any_event() -> impl Strategy<Value = Event> {
    let slot = 0..3_usize;
    prop_oneof![
        8 => Just(Event::Nothing),
        2 => slot.clone().prop_map(Event::Select),
        2 => (slot.clone(), any::<bool>()).prop_map(|(i, on)| Event::Publish(i, on)),
        1 => (slot.clone(), any::<bool>()).prop_map(|(i, tracked)| Event::Track(i, tracked)),
        1 => (slot.clone(), any::<bool>()).prop_map(|(i, alive)| Event::Live(i, alive)),
        1 => Just(Event::Recentre),
        1 => (slot, any::<bool>()).prop_map(|(i, mirror)| Event::Mirror(i, mirror)),
    ]
}

impl Rig {
    /// Lets it happen; each source has one jaw, so that only switches can move the pose.
    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Nothing => {}
            Event::Select(index) => assert!(self.board.select(index)),
            Event::Publish(index, on) => self.sources[index].jaw = on.then_some(index as f64 / 2.0),
            Event::Track(index, tracked) => self.sources[index].tracked = tracked,
            Event::Live(index, alive) => self.sources[index].alive = alive,
            Event::Recentre => {
                self.board.recentre();
            }
            Event::Mirror(index, mirror) => assert!(self.board.set_mirror(index, mirror)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happens_the_pose_moves_no_faster_than_a_fade(
        events in prop::collection::vec((any_event(), 1..80_u32), 1..40),
    ) {
        let mut rig = Rig::new(&["phone", "camera", "idle"]);
        rig.happen(&Event::Publish(2, true));
        // A value goes at most from 0 to 1, at 1.5 times the fade's mean speed.
        let most = (1.5 / SwitchboardSettings::default().fade * FRAME) as f32 + 1e-4;
        let mut last = Pose::default();
        for (event, frames) in events {
            rig.happen(&event);
            for _ in 0..frames {
                let pose = rig.step();
                prop_assert!(pose == pose.clamped(), "{pose:?}");
                for index in 0..POSE_LEN {
                    let step = (pose.0[index] - last.0[index]).abs();
                    prop_assert!(step <= most, "{event:?}: parameter {index} moved by {step} in a frame");
                }
                last = pose;
            }
        }
    }
}
