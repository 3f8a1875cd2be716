//! Smoothing of faces by One-Euro filters: steady when a face rests, quick when it moves.
//!
//! Casiez, Roussel and Vogel, "1 € filter: a simple speed-based low-pass filter for noisy input in interactive systems",
//! CHI 2012. A first-order low-pass whose cut-off rises with the (smoothed) speed of the signal.
//!
//! Samples are filtered, not poses, so that every avatar gets the same face. Speeds are measured in full parameters a
//! second of the reference's mapping (`measure`), and values that make up one parameter share one cut-off, so that
//! within a parameter's linear range filtering the samples is filtering the pose, to rounding. It differs
//!
//! - where a value lies beyond its parameter's range: the filter follows the face itself, and the parameter leaves its
//!   end when the face does, where a filtered pose would leave it at once;
//! - where the mapping is not linear: the open mouth (a fit of four shapes, which begins at once when the jaw opens; seen
//!   to differ by up to 0.05 in calm speech), and the products of a smile with brows and lids;
//! - where the outer brows move apart: both share the inner brow.

mod measure;
#[cfg(test)]
mod tests;

use crate::{face_state::SourceFace, sample::FaceSample};
use measure::{FIELDS, Fields, speeds_in_parameters};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// How strongly faces are smoothed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmoothingSettings {
    /// Whether faces are smoothed at all.
    pub enabled: bool,
    /// Cut-off of a resting face, in hertz: lower is steadier.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub min_cutoff: f64,
    /// Hertz of cut-off that each full parameter a second of speed adds: higher lags less.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub beta: f64,
    /// Cut-off of the speed's own smoothing, in hertz.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub speed_cutoff: f64,
}

impl Default for SmoothingSettings {
    /// Mild: a resting face's tremble is reduced, a blink keeps its depth (see the tests).
    fn default() -> Self {
        Self { enabled: true, min_cutoff: 4.0, beta: 3.0, speed_cutoff: 6.0 }
    }
}

/// The filters of all faces of a state. A face that continues another state's keeps its filter; a new one begins anew,
/// with its first sample as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Smoothing {
    filters: Vec<Filter>,
}

impl Smoothing {
    /// Smooths `faces` as they are at `now` (seconds). Allocates only when there are more faces than ever before.
    ///
    /// When the clock stands still the last result is given again; when it goes back the filter goes on from there.
    pub(crate) fn smooth(&mut self, settings: &SmoothingSettings, faces: &mut [SourceFace], now: f64) {
        if !settings.enabled {
            self.filters.clear();
            return;
        }
        self.filters.retain(|filter| faces.iter().any(|face| filter.belongs_to(face)));
        for face in faces {
            match self.filters.iter_mut().find(|filter| filter.belongs_to(face)) {
                Some(filter) => filter.smooth(settings, &mut face.sample, now),
                None if now.is_finite() => self.filters.push(Filter::new(face, now)),
                None => {}
            }
        }
    }
}

/// A One-Euro filter for every value of one face.
#[derive(Clone, Copy, Debug)]
struct Filter {
    source: usize,
    run: u32,
    time: f64,
    value: Fields,
    speed: Fields,
}

/// How much of the new value a first-order low-pass takes over within `dt` seconds: 0 to 1.
fn gain(cutoff: f64, dt: f64) -> f64 {
    let ratio = TAU * cutoff.max(0.0) * dt;
    if ratio.is_finite() { ratio / (1.0 + ratio) } else { 1.0 }
}

impl Filter {
    fn new(face: &SourceFace, now: f64) -> Self {
        let value = measure::fields(&face.sample);
        Self { source: face.source, run: face.run, time: now, value, speed: [0.0; FIELDS] }
    }

    fn belongs_to(&self, face: &SourceFace) -> bool {
        (self.source, self.run) == (face.source, face.run)
    }

    fn smooth(&mut self, settings: &SmoothingSettings, sample: &mut FaceSample, now: f64) {
        let dt = now - self.time;
        if now.is_finite() {
            self.time = now;
        }
        if dt.is_finite() && dt > 0.0 {
            self.advance(settings, &measure::fields(sample), dt);
        }
        measure::set_fields(sample, &self.value);
    }

    fn advance(&mut self, settings: &SmoothingSettings, raw: &Fields, dt: f64) {
        let speed_gain = gain(settings.speed_cutoff, dt);
        for ((speed, value), raw) in self.speed.iter_mut().zip(&self.value).zip(raw) {
            *speed += speed_gain * ((raw - value) / dt - *speed);
            // A tiny dt can make the speed infinite; the value then follows at once, and the speed starts again.
            if !speed.is_finite() {
                *speed = 0.0;
            }
        }
        let speeds = speeds_in_parameters(&self.speed);
        for ((value, raw), speed) in self.value.iter_mut().zip(raw).zip(speeds) {
            let step = raw - *value;
            let next = *value + gain(settings.min_cutoff + settings.beta * speed.abs(), dt) * step;
            *value = if next.is_finite() { next } else { *raw };
        }
    }
}
