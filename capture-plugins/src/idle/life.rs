//! The small motions of a face at rest: sway, wandering eyes, blinks. A pure function of seed and time.

use crate::{
    gaze::{turn_eyes, turn_head},
    noise::{Noise, ease},
};
use bunraku_core::sample::{Blendshape, FaceSample};

/// Seconds between changes of gaze, on average, and the duration of one.
const LOOK_EVERY: f64 = 1.6;
const LOOK_TAKES: f64 = 0.06;

/// Seconds between blinks, on average (people at rest blink 10 to 20 times a minute), and the duration of one.
const BLINK_EVERY: f64 = 4.0;
const BLINK_TAKES: f64 = 0.3;

/// When during a blink the lids are shut, and when they begin to open again, as fractions of its duration.
const SHUT: f64 = 0.3;
const OPENING: f64 = 0.45;

/// An idle face, determined by its seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life(Noise);

/// The motions, each a random sequence of its own.
#[derive(Clone, Copy)]
enum Motion {
    Pitch,
    Yaw,
    Roll,
    Smile,
    Brow,
    LookX,
    LookY,
    LookWhen,
    LookAside,
    BlinkWhen,
    BlinkTwice,
}

impl Life {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Noise::new(seed))
    }

    /// The face at `time` seconds, attending by `attention` (0 to 1) to a point at which `eyes` look and `head` is turned.
    pub(crate) fn face(self, time: f64, attention: f64, eyes: [f64; 2], head: [f64; 2]) -> FaceSample {
        let mut sample = FaceSample::seen_at(time);
        // An attentive face sways and wanders less.
        let calm = 1.0 - 0.7 * attention;
        let wandering = self.look(time).map(|place| place * calm);
        turn_eyes(&mut sample, [0, 1].map(|axis| wandering[axis] + attention * eyes[axis]));
        turn_head(&mut sample, head.map(|place| place * attention));
        self.sway(&mut sample, time, calm);
        for shape in [Blendshape::EyeBlinkLeft, Blendshape::EyeBlinkRight] {
            sample[shape] = self.blink(time);
        }
        sample
    }

    /// Adds the head's drift and a very faint expression.
    pub(crate) fn sway(self, sample: &mut FaceSample, time: f64, amount: f64) {
        let drift = |motion: Motion, hertz| self.0.drift(motion as u64, hertz, time);
        let turns = [(Motion::Pitch, 0.23, 2.0), (Motion::Yaw, 0.19, 3.0), (Motion::Roll, 0.16, 2.5)];
        for (axis, (motion, hertz, degrees)) in turns.into_iter().enumerate() {
            sample.head.rotation_deg[axis] += amount * degrees * drift(motion, hertz);
        }
        let smile = 0.08 + 0.06 * amount * drift(Motion::Smile, 0.1);
        let brow = 0.05 + 0.05 * amount * drift(Motion::Brow, 0.12);
        sample[Blendshape::MouthSmileLeft] = smile;
        sample[Blendshape::MouthSmileRight] = smile;
        sample[Blendshape::BrowInnerUp] = brow;
    }

    /// Where the eyes rest: one gaze in each interval, half of them nearly straight ahead.
    fn look(self, time: f64) -> [f64; 2] {
        let interval = (time / LOOK_EVERY).floor() as i64;
        let starts = (interval as f64 + 0.6 * self.0.at(Motion::LookWhen as u64, interval)) * LOOK_EVERY;
        let (from, to) = (self.place(interval - 1), self.place(interval));
        let t = ease((time - starts) / LOOK_TAKES);
        [0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * t)
    }

    fn place(self, interval: i64) -> [f64; 2] {
        let at = |motion: Motion| self.0.at(motion as u64, interval);
        let reach = if at(Motion::LookAside) < 0.5 { 0.06 } else { 0.35 };
        [(2.0 * at(Motion::LookX) - 1.0) * reach, (2.0 * at(Motion::LookY) - 1.0) * reach * 0.5]
    }

    /// How far the lids are closed: one blink in each interval, occasionally two.
    fn blink(self, time: f64) -> f64 {
        let interval = (time / BLINK_EVERY).floor() as i64;
        let room = BLINK_EVERY - 2.0 * BLINK_TAKES;
        let starts = interval as f64 * BLINK_EVERY + room * self.0.at(Motion::BlinkWhen as u64, interval);
        let twice = self.0.at(Motion::BlinkTwice as u64, interval) < 0.15;
        let part = (time - starts) / BLINK_TAKES;
        match part {
            0.0..1.0 => lids(part),
            1.0..2.0 if twice => lids(part - 1.0),
            _ => 0.0,
        }
    }
}

/// How far the lids are closed at `part` (0 to 1) of a blink: they fall faster than they rise.
fn lids(part: f64) -> f64 {
    if part < OPENING { ease(part / SHUT) } else { 1.0 - ease((part - OPENING) / (1.0 - OPENING)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(seed: u64) -> impl Iterator<Item = FaceSample> {
        (0..3600).map(move |frame| Life::new(seed).face(f64::from(frame) / 60.0, 0.0, [0.0; 2], [0.0; 2]))
    }

    #[test]
    fn a_minute_has_a_natural_number_of_blinks_and_is_reproducible() {
        let closed: Vec<bool> = minute(7).map(|face| face[Blendshape::EyeBlinkLeft] > 0.9).collect();
        let blinks = closed.windows(2).filter(|pair| !pair[0] && pair[1]).count();
        assert!((15..=30).contains(&blinks), "{blinks} blinks");
        assert!(minute(7).eq(minute(7)));
        assert!(!minute(7).eq(minute(8)));
    }

    #[test]
    fn the_head_moves_gently_and_never_stops() {
        let faces: Vec<FaceSample> = minute(0).collect();
        for pair in faces.windows(2) {
            let [before, after] = [0, 1].map(|index| pair[index].head.rotation_deg);
            let step = (0..3).map(|axis| (after[axis] - before[axis]).abs()).fold(0.0, f64::max);
            assert!(step < 0.25 && after.iter().all(|degrees| degrees.abs() < 4.0), "{before:?} to {after:?}");
            assert!(!pair[0].same_face(&pair[1]));
        }
    }

    #[test]
    fn every_blendshape_is_within_0_and_1() {
        for face in minute(3) {
            assert!(Blendshape::ALL.into_iter().all(|shape| (0.0..=1.0).contains(&face[shape])));
        }
    }
}
