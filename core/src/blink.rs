//! Automatic blinks, at natural intervals.

use crate::{
    random::SplitMix64,
    sample::{Blendshape, FaceSample},
};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// How often and how fast the eyes blink by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlinkSettings {
    /// Whether the eyes blink by themselves. Off by default: a tracked face blinks on its own.
    pub enabled: bool,
    /// Mean seconds from one blink to the next.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub interval: f64,
    /// Least seconds from one blink to the next.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub least_interval: f64,
    /// Seconds a blink takes, from open to open.
    #[serde(deserialize_with = "crate::bounds::finite")]
    pub duration: f64,
}

impl Default for BlinkSettings {
    /// About 15 blinks a minute, a quarter of a second each: a face at rest.
    fn default() -> Self {
        Self { enabled: false, interval: 4.0, least_interval: 1.0, duration: 0.25 }
    }
}

/// Longest wait, in multiples of the mean: the exponential's tail would look like a stare.
const LONGEST: f64 = 3.0;

/// Automatic blinking: a lid curve sin² after waits of random length.
///
/// Waits are exponential above a minimum, because blinks are nearly independent of each other.
/// The same seed and clock give the same blinks.
#[derive(Clone, Copy, Debug)]
pub struct Blink {
    random: SplitMix64,
    /// When the present or next blink begins, on the caller's clock.
    start: Option<f64>,
}

impl Blink {
    /// The blinks of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { random: SplitMix64::new(seed), start: None }
    }

    /// How far the lids are shut at `now` (seconds): 0 to 1.
    pub fn lid(&mut self, settings: &BlinkSettings, now: f64) -> f32 {
        if !settings.enabled || !now.is_finite() {
            self.start = None;
            return 0.0;
        }
        let duration = settings.duration.max(0.0);
        let wait_most = settings.interval.max(settings.least_interval) * LONGEST;
        // A blink that is over, or farther ahead than any wait (the clock went back), makes room for the next.
        let start = match self.start {
            Some(start) if now < start + duration && start - now <= wait_most => start,
            _ => now + self.wait(settings),
        };
        self.start = Some(start);
        let progress = (now - start) / duration;
        if (0.0..1.0).contains(&progress) { (PI * progress).sin().powi(2) as f32 } else { 0.0 }
    }

    /// Seconds until the next blink.
    fn wait(&mut self, settings: &BlinkSettings) -> f64 {
        let least = settings.least_interval.max(0.0);
        let mean = (settings.interval - least).max(0.0);
        let wait = least - mean * (1.0 - self.random.unit()).ln();
        wait.clamp(least, least.max(settings.interval * LONGEST))
    }
}

/// Shuts the eyes of `sample` by `lid` (0 to 1) where they are not shut as far already.
///
/// Blendshapes are raised, so that a blink suits the face: smiling eyes shut as smiling eyes do.
pub fn shut_eyes(sample: &mut FaceSample, lid: f32) {
    for blink in [Blendshape::EyeBlinkLeft, Blendshape::EyeBlinkRight] {
        sample[blink] = sample[blink].max(f64::from(lid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: BlinkSettings = BlinkSettings { enabled: true, interval: 4.0, least_interval: 1.0, duration: 0.25 };

    /// When blinks began within `seconds`, at 1000 frames a second.
    fn starts(blink: &mut Blink, settings: &BlinkSettings, seconds: u32) -> Vec<f64> {
        let lids = (0..seconds * 1000).map(|ms| (f64::from(ms) / 1000.0, ms));
        let mut shut = false;
        let mut starts = Vec::new();
        for (now, _) in lids {
            let lid = blink.lid(settings, now);
            if lid > 0.0 && !shut {
                starts.push(now);
            }
            shut = lid > 0.0;
        }
        starts
    }

    #[test]
    fn blinks_come_at_natural_intervals() {
        let starts = starts(&mut Blink::new(7), &ON, 1200);
        let gaps: Vec<f64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        assert!((3.0..5.0).contains(&mean), "{mean}");
        assert!(gaps.iter().all(|gap| (1.0..12.5).contains(gap)), "{gaps:?}");
        let alike = gaps.windows(2).filter(|pair| (pair[0] - pair[1]).abs() < 0.1).count();
        assert!(alike * 4 < gaps.len(), "blinks are regular");
    }

    #[test]
    fn the_seed_determines_the_blinks_and_off_means_none() {
        assert_eq!(starts(&mut Blink::new(3), &ON, 60), starts(&mut Blink::new(3), &ON, 60));
        assert_ne!(starts(&mut Blink::new(3), &ON, 60), starts(&mut Blink::new(4), &ON, 60));
        assert!(starts(&mut Blink::new(3), &BlinkSettings::default(), 60).is_empty());
    }

    #[test]
    fn blinks_continue_after_the_clock_goes_back() {
        let mut blink = Blink::new(1);
        blink.lid(&ON, 1e6);
        assert!(!starts(&mut blink, &ON, 60).is_empty());
    }

    #[test]
    fn a_blink_shuts_both_eyes_but_opens_none() {
        let mut sample = FaceSample::default();
        sample[Blendshape::EyeBlinkLeft] = 0.75;
        shut_eyes(&mut sample, 0.5);
        assert_eq!((sample[Blendshape::EyeBlinkLeft], sample[Blendshape::EyeBlinkRight]), (0.75, 0.5));
    }
}
