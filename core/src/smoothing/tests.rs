//! Smoothing against its purpose, and against the filter of poses that it took the place of.

use super::*;
use crate::{
    pose::{POSE_LEN, Parameter, Pose},
    profile::{
        PoseMapper, ProfileSettings,
        testing::{CAMERA, PHONE},
    },
    sample::Blendshape as B,
};
use proptest::prelude::*;
use std::f64::consts::PI;

const FRAME: f64 = 1.0 / 60.0;

/// What becomes of a mouth's opening at 60 frames a second; a full parameter is 0.3.
fn response(inputs: impl Iterator<Item = f64>) -> Vec<f64> {
    let opening = |value: f64| {
        let mut sample = FaceSample::seen_at(0.0);
        sample[B::JawOpen] = 0.3 * value;
        sample
    };
    smoothed(inputs.map(opening)).into_iter().map(|sample| sample[B::JawOpen] / 0.3).collect()
}

fn smoothed(samples: impl Iterator<Item = FaceSample>) -> Vec<FaceSample> {
    let (mut smoothing, settings) = (Smoothing::default(), SmoothingSettings::default());
    let smooth = |(frame, sample)| {
        let mut faces = [SourceFace::whole(PHONE, sample)];
        smoothing.smooth(&settings, &mut faces, frame as f64 * FRAME);
        faces[0].sample
    };
    samples.enumerate().map(smooth).collect()
}

#[test]
fn a_resting_faces_tremble_is_at_least_halved() {
    let tremble = response((0..600).map(|i| if i % 2 == 0 { 0.51 } else { 0.49 }));
    let swing = tremble[300..].iter().fold(0.0_f64, |most, value| most.max((value - 0.5).abs()));
    assert!(swing < 0.005, "{swing}");
}

#[test]
fn a_blink_of_a_fifth_of_a_second_keeps_its_depth() {
    let blink = (0..60).map(|i| {
        let progress = (f64::from(i) - 20.0) * FRAME / 0.2;
        if (0.0..1.0).contains(&progress) { (PI * progress).sin().powi(2) } else { 0.0 }
    });
    let deepest = response(blink).into_iter().fold(0.0, f64::max);
    assert!(deepest > 0.85, "{deepest}");
}

#[test]
fn a_step_has_arrived_after_a_tenth_of_a_second() {
    let step = response((0..20).map(|i| if i < 5 { 0.0 } else { 1.0 }));
    assert!(step[5 + 6] > 0.95, "{step:?}");
}

fn opening(value: f64) -> SourceFace {
    let mut face = SourceFace::whole(PHONE, FaceSample::seen_at(0.0));
    face.sample[B::JawOpen] = value;
    face
}

fn smooth(smoothing: &mut Smoothing, settings: &SmoothingSettings, value: f64, now: f64) -> f64 {
    let mut faces = [opening(value)];
    smoothing.smooth(settings, &mut faces, now);
    faces[0].sample[B::JawOpen]
}

#[test]
fn a_clock_that_stands_or_goes_back_repeats_the_last_face() {
    let (mut smoothing, settings) = (Smoothing::default(), SmoothingSettings::default());
    smooth(&mut smoothing, &settings, 0.0, 10.0);
    for now in [10.0, 9.0, 8.0, f64::NAN] {
        assert_eq!(smooth(&mut smoothing, &settings, 1.0, now), 0.0);
    }
    assert!(smooth(&mut smoothing, &settings, 1.0, 9.0) > 0.0);
}

#[test]
fn switched_off_it_changes_nothing() {
    let off = SmoothingSettings { enabled: false, ..SmoothingSettings::default() };
    let mut smoothing = Smoothing::default();
    for (now, value) in [(0.0, 0.0), (0.1, 1.0)] {
        assert_eq!(smooth(&mut smoothing, &off, value, now), value);
    }
}

#[test]
fn another_run_of_a_source_begins_anew_and_the_one_before_goes_on() {
    let (mut smoothing, settings) = (Smoothing::default(), SmoothingSettings::default());
    smooth(&mut smoothing, &settings, 0.0, 0.0);
    let mut faces = [opening(1.0), SourceFace { run: 1, ..opening(1.0) }];
    smoothing.smooth(&settings, &mut faces, FRAME);
    assert!(faces[0].sample[B::JawOpen] < 1.0);
    assert_eq!(faces[1].sample[B::JawOpen], 1.0);
}

/// A One-Euro filter of poses: what filtering samples must be where the mapping is linear.
struct PoseFilter {
    value: [f64; POSE_LEN],
    speed: [f64; POSE_LEN],
}

impl PoseFilter {
    fn smooth(&mut self, settings: &SmoothingSettings, pose: &Pose) -> Pose {
        for ((value, speed), &raw) in self.value.iter_mut().zip(&mut self.speed).zip(&pose.0) {
            let step = f64::from(raw) - *value;
            *speed += gain(settings.speed_cutoff, FRAME) * (step / FRAME - *speed);
            *value += gain(settings.min_cutoff + settings.beta * speed.abs(), FRAME) * step;
        }
        Pose(self.value.map(|value| value as f32))
    }
}

/// The most that any of `parameters` differs between the pose of smoothed samples and the smoothed pose of samples.
fn difference(samples: &[FaceSample], parameters: &[Parameter]) -> f32 {
    let mut most = 0.0_f32;
    for profile in [PHONE, CAMERA] {
        let mapper = PoseMapper::new(profile, ProfileSettings::default());
        let first = mapper.map(&samples[0]).0.map(f64::from);
        let mut filter = PoseFilter { value: first, speed: [0.0; POSE_LEN] };
        let smoothed = smoothed(samples.iter().copied());
        for (sample, smoothed) in samples.iter().zip(&smoothed).skip(1) {
            let (old, new) = (filter.smooth(&SmoothingSettings::default(), &mapper.map(sample)), mapper.map(smoothed));
            for &parameter in parameters {
                most = most.max((old[parameter] - new[parameter]).abs());
            }
        }
    }
    most
}

/// Ten seconds of a face whose every value moves as `wave` says: its number and the time to -1 to 1.
fn moving(wave: impl Fn(f64, f64) -> f64, mouth: bool) -> Vec<FaceSample> {
    (0..600)
        .map(|frame| {
            let time = f64::from(frame) * FRAME;
            let part = |number: f64| f64::midpoint(1.0, wave(number, time));
            let mut sample = FaceSample::seen_at(time);
            let gaze = [0.7 * wave(1.0, time), 0.7 * wave(2.0, time)];
            for (shape, value) in [
                (B::EyeLookInLeft, gaze[0].max(0.0)),
                (B::EyeLookOutRight, gaze[0].max(0.0)),
                (B::EyeLookOutLeft, (-gaze[0]).max(0.0)),
                (B::EyeLookInRight, (-gaze[0]).max(0.0)),
                (B::EyeLookUpLeft, gaze[1].max(0.0)),
                (B::EyeLookUpRight, gaze[1].max(0.0)),
                (B::EyeLookDownLeft, (-gaze[1]).max(0.0)),
                (B::EyeLookDownRight, (-gaze[1]).max(0.0)),
                (B::EyeBlinkLeft, 0.8 * part(3.0)),
                (B::EyeBlinkRight, 0.8 * part(4.0)),
                (B::EyeWideLeft, 0.5 * part(5.0)),
                (B::EyeWideRight, 0.5 * part(6.0)),
                (B::CheekSquintLeft, 0.1 + 0.6 * part(7.0)),
                (B::CheekSquintRight, 0.1 + 0.6 * part(8.0)),
                (B::BrowDownLeft, 0.4 * part(9.0)),
                (B::BrowDownRight, 0.4 * part(10.0)),
                (B::BrowInnerUp, 0.4 * part(11.0)),
                (B::BrowOuterUpLeft, 0.5 * part(12.0)),
                (B::BrowOuterUpRight, 0.5 * part(12.0)),
                (B::MouthSmileLeft, 0.3 * part(13.0)),
                (B::MouthSmileRight, 0.2 * part(14.0)),
                (B::MouthShrugUpper, 0.1 * part(15.0)),
                (B::MouthFrownLeft, 0.3 * part(16.0)),
                (B::MouthFrownRight, 0.3 * part(17.0)),
                (B::JawOpen, if mouth { 0.1 + 0.3 * part(18.0) } else { 0.05 }),
                (B::MouthLowerDownLeft, if mouth { 0.5 * part(18.0) } else { 0.0 }),
                (B::MouthLowerDownRight, if mouth { 0.5 * part(18.0) } else { 0.0 }),
            ] {
                sample[shape] = value;
            }
            sample.head.rotation_deg = [15.0 * wave(19.0, time), 10.0 * wave(20.0, time), 15.0 * wave(21.0, time)];
            sample
        })
        .collect()
}

/// A calm wave with a tremble: a face of 0.5 to 1.5 movements a second.
fn calm(number: f64, time: f64) -> f64 {
    let slow = (TAU * (0.5 + 0.05 * number) * time + number).sin();
    0.97 * slow + 0.03 * (TAU * 11.0 * time + number).sin()
}

/// A jerky wave: from one end to the other within three frames, as saccades and blinks go.
fn jerky(number: f64, time: f64) -> f64 {
    ((TAU * (0.4 + 0.03 * number) * time + number).sin() * 12.0).clamp(-1.0, 1.0)
}

#[test]
fn where_the_mapping_is_linear_a_smoothed_face_makes_the_smoothed_pose() {
    for wave in [calm, jerky] {
        let most = difference(&moving(wave, false), &Parameter::ALL);
        assert!(most < 1e-3, "{most}");
    }
}

#[test]
fn an_open_mouth_is_smoothed_nearly_as_its_pose_was() {
    let mouth = [Parameter::MouthAaa, Parameter::MouthIii, Parameter::MouthUuu, Parameter::MouthOoo];
    for wave in [calm, jerky] {
        let most = difference(&moving(wave, true), &mouth);
        assert!(most < 1e-3, "the lips follow the jaw: {most}");
    }
    let on_their_own = moving(calm, true).into_iter().map(|mut sample| {
        sample[B::MouthLowerDownLeft] = 0.1;
        sample[B::MouthFunnel] = 0.25 + 0.2 * calm(22.0, sample.time);
        sample[B::MouthPucker] = 0.25 + 0.2 * calm(23.0, sample.time);
        sample
    });
    let most = difference(&on_their_own.collect::<Vec<_>>(), &mouth);
    assert!(most < 0.06, "the lips move on their own: {most}");
}

#[test]
fn a_held_face_settles_to_its_own_pose() {
    let mut samples = moving(jerky, true);
    let held = *samples.last().expect("a moving face");
    samples.extend(std::iter::repeat_n(held, 120));
    let settled = *smoothed(samples.into_iter()).last().expect("a smoothed face");
    for profile in [PHONE, CAMERA] {
        let mapper = PoseMapper::new(profile, ProfileSettings::default());
        let (held, settled) = (mapper.map(&held), mapper.map(&settled));
        for parameter in Parameter::ALL {
            assert!((held[parameter] - settled[parameter]).abs() < 1e-4, "{}", parameter.name());
        }
    }
}

proptest! {
    #[test]
    fn the_output_stays_between_what_came_in(
        inputs in prop::collection::vec((prop::num::f64::ANY, -1.0..1.0_f64), 1..50),
        jumps: bool,
    ) {
        let (mut smoothing, settings, mut now) = (Smoothing::default(), SmoothingSettings::default(), 0.0);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for (time, value) in inputs {
            now = if jumps { time } else { now + FRAME };
            (low, high) = (low.min(value), high.max(value));
            let out = smooth(&mut smoothing, &settings, value, now);
            prop_assert!((low - 1e-9..=high + 1e-9).contains(&out), "{out} is not within {low}..{high}");
        }
    }
}
