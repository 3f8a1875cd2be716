//! Smooths landmarks in video mode with a One-Euro filter (`TRACKER.md` §5).

use super::landmarks::{LANDMARKS, Landmarks};
use std::f32::consts::TAU;

/// The cut-off frequency of a landmark at rest, in hertz.
const MIN_CUTOFF: f32 = 0.05;
/// How much the cut-off frequency rises with speed.
const BETA: f32 = 80.0;
/// The cut-off frequency of the speed itself, in hertz.
const SPEED_CUTOFF: f32 = 1.0;
/// A face smaller than this many pixels is not smoothed.
const SMALLEST: f32 = 1e-6;

/// The filters of all coordinates of one face.
pub(crate) struct Smoother {
    /// The time of the previous frame, if any.
    last_ms: Option<u64>,
    coordinates: Vec<[Coordinate; 3]>,
}

impl Default for Smoother {
    fn default() -> Self {
        Self { last_ms: None, coordinates: vec![[Coordinate::default(); 3]; LANDMARKS] }
    }
}

/// The filter of one coordinate, in pixels.
#[derive(Clone, Copy, Default)]
struct Coordinate {
    raw: f32,
    smooth: f32,
    speed: f32,
}

impl Smoother {
    /// Forgets all previous frames.
    pub(crate) fn reset(&mut self) {
        self.last_ms = None;
    }

    /// Smooths the landmarks in a picture of the given width and height in pixels, taken at `time_ms`. Does nothing
    /// unless the time is later than the previous one.
    pub(crate) fn smooth(&mut self, landmarks: &mut Landmarks, [width, height]: [f32; 2], time_ms: u64) {
        let size = mean_extent(landmarks, [width, height]);
        if size < SMALLEST || self.last_ms.is_some_and(|last| last >= time_ms) {
            return;
        }
        let rate = self.last_ms.map(|last| 1000.0 / (time_ms - last) as f32);
        self.last_ms = Some(time_ms);
        let pixels = [width, height, width];
        for (point, landmark) in self.coordinates.iter_mut().zip(landmarks) {
            for ((coordinate, value), pixels) in point.iter_mut().zip(landmark).zip(pixels) {
                match rate {
                    None => *coordinate = Coordinate::begin(*value * pixels),
                    Some(rate) => *value = coordinate.advance(*value * pixels, rate, size) / pixels,
                }
            }
        }
    }
}

impl Coordinate {
    fn begin(value: f32) -> Self {
        Self { raw: value, smooth: value, speed: 0.0 }
    }

    /// Filters the next value, at `rate` frames a second, of a face `size` pixels large.
    fn advance(&mut self, value: f32, rate: f32, size: f32) -> f32 {
        let speed = (value - self.raw) / size * rate;
        self.speed += (speed - self.speed) * share(SPEED_CUTOFF, rate);
        self.smooth += (value - self.smooth) * share(MIN_CUTOFF + BETA * self.speed.abs(), rate);
        self.raw = value;
        self.smooth
    }
}

/// The weight of a new value in a low-pass filter with this cut-off frequency and rate, both in hertz.
fn share(cutoff: f32, rate: f32) -> f32 {
    1.0 / (1.0 + rate / (TAU * cutoff))
}

/// The mean of the landmarks' width and height in pixels.
fn mean_extent(landmarks: &Landmarks, [width, height]: [f32; 2]) -> f32 {
    let extent = |axis: usize| {
        let values = landmarks.iter().map(|point| point[axis]);
        values.clone().fold(f32::NEG_INFINITY, f32::max) - values.fold(f32::INFINITY, f32::min)
    };
    f32::midpoint(extent(0) * width, extent(1) * height)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [f32; 2] = [640.0, 480.0];

    fn face(offset: f32) -> Landmarks {
        std::array::from_fn(|i| [0.3 + (i % 20) as f32 * 0.01 + offset, 0.3 + (i / 20) as f32 * 0.01, 0.01])
    }

    /// The smoothed share of a jump by `step` picture widths after a second of rest.
    fn after_a_jump(step: f32) -> f32 {
        let mut smoother = Smoother::default();
        let mut out = face(0.0);
        for frame in 0..31 {
            out = face(if frame == 30 { step } else { 0.0 });
            smoother.smooth(&mut out, SIZE, frame * 33);
        }
        (out[0][0] - face(0.0)[0][0]) / step
    }

    #[test]
    fn the_first_face_and_faces_without_a_later_time_are_not_changed() {
        let mut smoother = Smoother::default();
        for (offset, time_ms) in [(0.0, 100), (0.1, 100), (0.2, 50)] {
            let mut out = face(offset);
            smoother.smooth(&mut out, SIZE, time_ms);
            assert_eq!(out, face(offset));
        }
    }

    #[test]
    fn jitter_is_damped_and_motion_is_followed() {
        assert!(after_a_jump(0.0002) < 0.15, "{}", after_a_jump(0.0002));
        assert!(after_a_jump(0.1) > 0.85, "{}", after_a_jump(0.1));
    }

    #[test]
    fn after_a_reset_a_face_is_not_smoothed() {
        let mut smoother = Smoother::default();
        smoother.smooth(&mut face(0.0), SIZE, 0);
        smoother.reset();
        let mut out = face(0.001);
        smoother.smooth(&mut out, SIZE, 33);
        assert_eq!(out, face(0.001));
    }

    /// Three steps computed from the specification's formulas.
    #[test]
    fn a_coordinate_follows_the_formulas() {
        let mut coordinate = Coordinate::begin(10.0);
        let (rate, size) = (30.0, 100.0);
        let (mut raw, mut smooth, mut speed) = (10.0f64, 10.0f64, 0.0f64);
        for value in [10.5, 12.0, 11.0] {
            let alpha = |cutoff: f64| 1.0 / (1.0 + rate / (std::f64::consts::TAU * cutoff));
            let now = (value - raw) / size * rate;
            speed = alpha(1.0) * now + (1.0 - alpha(1.0)) * speed;
            let share = alpha(0.05 + 80.0 * speed.abs());
            smooth = share * value + (1.0 - share) * smooth;
            raw = value;
            let out = coordinate.advance(value as f32, rate as f32, size as f32);
            assert!((f64::from(out) - smooth).abs() < 1e-4, "{out} {smooth}");
        }
    }
}
