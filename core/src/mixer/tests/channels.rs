//! Several sources drive parts of one face.

use super::*;

/// A microphone that drives the mouth, before a camera that drives all it can, before idle motion.
fn speaker_before_a_camera() -> Rig {
    let mut rig = Rig::new(&[]);
    rig.add("microphone", |input| input.driving(Channels::of(&[Channel::Mouth])));
    rig.add("camera", |input| input);
    rig.add("idle", |input| input);
    rig.sources[0].turn = 10.0;
    rig
}

#[test]
fn one_source_drives_the_mouth_and_another_the_head() {
    let mut rig = speaker_before_a_camera();
    rig.sources[0].jaw = Some(1.0);
    (rig.sources[1].jaw, rig.sources[1].turn) = (Some(0.0), -5.0);
    rig.run(1.0);
    assert_eq!((rig.driver(Channel::Mouth), rig.driver(Channel::Head)), (Some("microphone"), Some("camera")));
    assert!(rig.mouth() > 0.9);
    assert_eq!(rig.turn(), 0.5);
    let status = rig.mixer.status();
    assert_eq!(status.inputs[0].drives, Channels::of(&[Channel::Mouth]));
    assert_eq!(status.inputs[1].drives.to_string(), "head+gaze+eyes+brows+torso");
}

#[test]
fn each_channel_is_lost_and_comes_back_by_itself() {
    let mut rig = speaker_before_a_camera();
    rig.sources[0].jaw = Some(1.0);
    (rig.sources[1].jaw, rig.sources[1].turn) = (Some(0.0), -5.0);
    rig.run(1.0);
    rig.sources[0].jaw = None;
    rig.run(1.5);
    assert_eq!((rig.live(), rig.mouth(), rig.turn()), (Some("camera"), 0.0, 0.5));
    rig.sources[1].tracked = false;
    rig.sources[0].jaw = Some(1.0);
    rig.run(2.5);
    assert_eq!((rig.driver(Channel::Mouth), rig.driver(Channel::Head)), (Some("microphone"), Some("idle")));
    assert!(rig.mouth() > 0.9 && rig.turn() == 0.0);
    rig.sources[1].tracked = true;
    rig.run(0.5);
    assert_eq!((rig.driver(Channel::Mouth), rig.driver(Channel::Head)), (Some("microphone"), Some("camera")));
    assert!(rig.mouth() > 0.9 && rig.turn() == 0.5);
    assert!(rig.fastest <= fastest_share(), "a parameter moved by {} of its range in a frame", rig.fastest);
}

#[test]
fn the_selected_source_goes_first_in_the_channels_it_drives() {
    let mut rig = speaker_before_a_camera();
    rig.sources[0].jaw = Some(1.0);
    rig.sources[1].jaw = Some(0.0);
    rig.run(1.0);
    rig.mixer.select(1);
    rig.run(0.5);
    assert_eq!((rig.live(), rig.mouth()), (Some("camera"), 0.0));
    rig.mixer.select(0);
    rig.run(0.5);
    assert_eq!((rig.driver(Channel::Mouth), rig.driver(Channel::Head)), (Some("microphone"), Some("camera")));
}

#[test]
fn an_eye_that_blinks_while_the_mouth_fades_blinks_in_full() {
    let mut rig = speaker_before_a_camera();
    rig.sources[0].jaw = Some(1.0);
    rig.sources[1].jaw = Some(0.0);
    rig.run(1.0);
    rig.sources[0].jaw = None;
    rig.run(1.0 + 6.0 * FRAME);
    let camera = rig.state.faces.iter().find(|face| face.source == 1).expect("it drives the head");
    let mouth = camera.weights[Channel::Mouth as usize];
    assert!(mouth > 0.0 && mouth < 1.0, "{mouth}");
    assert_eq!(camera.weights[Channel::Eyes as usize], 1.0);
}

#[test]
fn a_channel_that_no_source_drives_is_a_neutral_face() {
    let mut rig = Rig::new(&[]);
    rig.add("microphone", |input| input.driving(Channels::of(&[Channel::Mouth])));
    (rig.sources[0].jaw, rig.sources[0].turn) = (Some(1.0), 10.0);
    rig.run(1.0);
    assert!(rig.mouth() > 0.9 && rig.turn() == 0.0);
    assert_eq!((rig.state.coverage(Channel::Mouth), rig.state.coverage(Channel::Head)), (1.0, 0.0));
    let (input, source) = new_input("another");
    assert!(rig.mixer.replace(0, input.driving(Channels::of(&[Channel::Head]))));
    rig.sources[0] = source;
    rig.run(0.5);
    assert!(rig.mouth() == 0.0, "a source that drives no mouth holds one open");
}
