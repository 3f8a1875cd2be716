//! A source's own face jumps: the stream comes back, it is recentred, calibrated or replaced.

use super::*;

#[test]
fn without_a_fit_source_the_last_face_is_held_and_left_by_a_fade() {
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
fn recentring_makes_the_present_head_the_neutral_one_smoothly() {
    let mut rig = Rig::new(&["phone"]);
    assert!(!rig.mixer.recentre(), "there is no face yet");
    (rig.sources[0].jaw, rig.sources[0].turn) = (Some(0.0), -5.0);
    rig.run(0.5);
    assert_eq!(rig.turn(), 0.5);
    assert!(rig.mixer.recentre());
    rig.step();
    assert_eq!(rig.turn(), 0.5);
    rig.run(0.3);
    assert!(rig.turn().abs() < 1e-6);
}

#[test]
fn recentring_twice_in_one_fade_jumps_neither_time() {
    let mut rig = Rig::new(&["phone"]);
    (rig.sources[0].jaw, rig.sources[0].turn) = (Some(0.0), -5.0);
    rig.run(0.5);
    assert!(rig.mixer.recentre());
    rig.run(0.1);
    rig.sources[0].turn = -8.0;
    let mut last = rig.step()[Parameter::HeadY];
    assert!(rig.mixer.recentre());
    for _ in 0..30 {
        let turn = rig.step()[Parameter::HeadY];
        assert!((turn - last).abs() < 0.08, "from {last} to {turn} in a frame");
        assert!(rig.state.faces.len() <= 2);
        last = turn;
    }
    assert!(last.abs() < 1e-6, "{last}");
}

#[test]
fn recentring_means_the_source_that_drives_the_head() {
    let mut rig = Rig::new(&[]);
    rig.add("microphone", |input| input.driving(Channels::of(&[Channel::Mouth])));
    rig.add("camera", |input| input);
    for source in &mut rig.sources {
        (source.jaw, source.turn) = (Some(0.0), -5.0);
    }
    rig.run(0.5);
    assert!(rig.mixer.recentre());
    rig.run(0.5);
    assert!(rig.turn().abs() < 1e-6, "{}", rig.turn());
}

/// The turns of the puppet's head while a camera sees the head at these angles, in degrees about y, frame by frame.
fn turns_while_calibrating(angles: impl Iterator<Item = f64>) -> Vec<f32> {
    let mut rig = Rig::new(&[]);
    rig.add("camera", |input| input.auto_calibrated(true));
    rig.sources[0].jaw = Some(0.0);
    let mut turn = |angle| {
        rig.sources[0].turn = angle;
        rig.step()[Parameter::HeadY]
    };
    angles.map(&mut turn).collect()
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
    let after = &turns[second / 2 + 1..];
    assert!(after.windows(2).all(|turns| (turns[1] - turns[0]).abs() < 0.11), "the new neutral head jumps: {turns:?}");
    let restless = turns_while_calibrating((0..20 * second).map(|frame| if frame / 20 % 2 == 0 { 0.0 } else { -8.0 }));
    let settled = &restless[second..];
    assert!(settled.iter().all(|turn| turn.abs() < 1e-5 || (turn - 0.8).abs() < 1e-5), "it never settles");
}

#[test]
fn a_mirrored_source_turns_the_other_way() {
    let mut rig = Rig::new(&[]);
    rig.add("camera", |input| input.mirrored(true));
    (rig.sources[0].jaw, rig.sources[0].turn) = (Some(0.0), -5.0);
    rig.run(0.5);
    assert_eq!(rig.turn(), -0.5);
    assert!(rig.state.faces[0].mirrored);
}

#[test]
fn replacing_the_driving_source_holds_its_face_until_the_new_one_delivers() {
    let mut rig = Rig::new(&["phone"]);
    rig.sources[0].jaw = Some(1.0);
    let held = rig.run(1.0);
    let (input, source) = new_input("phone");
    assert!(rig.mixer.replace(0, input));
    rig.sources[0] = source;
    assert_eq!(rig.run(0.5), held);
    rig.sources[0].jaw = Some(0.0);
    assert!(rig.step()[Parameter::MouthAaa] > 0.9);
    rig.run(0.3);
    assert_eq!(rig.mouth(), 0.0);
    assert!(!rig.mixer.replace(1, new_input("other").0));
}

#[test]
fn a_phone_that_comes_back_while_idle_motion_fades_in_does_not_jump() {
    // A face may be lost before its source is stale, and the other way round.
    for stale_after in [1.0, 3.0] {
        for frames in 0..14 {
            let mut rig = Rig::new(&["phone", "idle"]);
            rig.mixer.settings.stale_after = stale_after;
            (rig.sources[0].jaw, rig.sources[0].turn) = (Some(0.0), -5.0);
            rig.run(2.0);
            rig.sources[0].jaw = None;
            while rig.live() == Some("phone") {
                rig.step();
            }
            (0..frames).for_each(|_| _ = rig.step());
            let mut last = rig.turn();
            (rig.sources[0].jaw, rig.sources[0].turn) = (Some(0.0), 3.0);
            for _ in 0..30 {
                let turn = rig.step()[Parameter::HeadY];
                assert!((turn - last).abs() < 0.14, "after {frames} frames: from {last} to {turn} in a frame");
                last = turn;
            }
            assert!((last + 0.3).abs() < 1e-6, "{last}");
        }
    }
}
