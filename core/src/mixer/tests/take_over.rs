//! One source drives the whole face, and another takes over.

use super::*;

#[test]
fn a_source_that_never_delivers_gives_way_to_idle_after_the_stale_time() {
    let mut rig = Rig::new(&["phone", "idle"]);
    rig.run(0.9);
    assert_eq!(rig.live(), None);
    rig.run(0.2);
    assert_eq!((rig.live(), rig.mixer.selected_name()), (Some("idle"), Some("phone")));
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
fn a_frozen_source_gives_way_until_it_moves() {
    let mut rig = Rig::new(&["phone", "idle"]);
    rig.sources[0].jaw = Some(1.0);
    rig.run(1.0);
    rig.sources[0].alive = false;
    rig.run(9.9);
    assert_eq!(rig.live(), Some("phone"));
    rig.run(0.2);
    assert_eq!(rig.live(), Some("idle"));
    assert_eq!(rig.mixer.status().inputs[0].health, Health::Frozen);
    rig.sources[0].alive = true;
    rig.step();
    assert_eq!(rig.live(), Some("phone"));
}

#[test]
fn a_source_that_may_rest_is_never_frozen() {
    let mut rig = Rig::new(&[]);
    rig.add("program", |input| input.resting(true));
    rig.add("idle", |input| input);
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
    assert_eq!(rig.mixer.status().inputs[0].health, Health::Lost);
}

#[test]
fn a_newly_selected_source_is_waited_for_while_the_old_one_stays() {
    let mut rig = Rig::new(&["phone"]);
    rig.sources[0].jaw = Some(1.0);
    rig.run(1.0);
    rig.add("camera", |input| input);
    rig.mixer.select_name("camera").expect("it was just added");
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
    rig.mixer.select(1);
    let full = PoseMapping::default().map(&FaceState::of(PHONE, open_mouth(1.0)))[Parameter::MouthAaa];
    rig.step();
    assert_eq!(rig.mouth(), 0.0);
    rig.run(0.1);
    assert!((rig.mouth() - full / 2.0).abs() < 1e-5, "{}", rig.mouth());
    assert!(rig.mixer.status().fading);
    rig.run(0.1 + FRAME);
    assert_eq!(rig.mouth(), full);
    assert!(!rig.mixer.status().fading && rig.state.faces.len() == 1);
}

#[test]
fn without_a_fade_another_source_takes_over_at_once() {
    let mut rig = Rig::new(&["phone", "camera"]);
    rig.mixer.settings.fade = 0.0;
    rig.sources[0].jaw = Some(0.0);
    rig.sources[1].jaw = Some(1.0);
    rig.run(1.0);
    rig.mixer.select(1);
    rig.step();
    assert!(rig.mouth() > 0.9 && rig.state.faces.len() == 1);
}
