//! Bounds of numbers in settings, checked as they are read.

use serde::{Deserialize, Deserializer, de::Error};

fn checked<'de, D: Deserializer<'de>>(from: D, fits: fn(f64) -> bool, needed: &str) -> Result<f64, D::Error> {
    let value = f64::deserialize(from)?;
    if fits(value) { Ok(value) } else { Err(D::Error::custom(format!("{value} is out of range: expected {needed}"))) }
}

/// More than 0, including `.inf`.
pub(crate) fn positive<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    checked(from, |value| value > 0.0, "more than 0")
}

/// 0 or more, and finite.
pub(crate) fn finite<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    checked(from, |value| value.is_finite() && value >= 0.0, "a finite number, 0 or more")
}

/// 0 to 60.
pub(crate) fn breaths<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    checked(from, |value| (0.0..=60.0).contains(&value), "0 to 60")
}

#[cfg(test)]
mod tests {
    use crate::{mixer::MixerSettings, performer::PerformerSettings, yaml};

    #[test]
    fn senseless_settings_are_refused() {
        for text in
            ["stale_after: -1", "stale_after: 0", "frozen_after: 0", "fade: .nan", "fade: .inf", "lost_after: .nan"]
        {
            let error = yaml::from_str::<MixerSettings>(text).expect_err(text).to_string();
            assert!(error.contains("expected"), "{error}");
        }
        for text in [
            "breaths_per_minute: .nan",
            "breaths_per_minute: 61",
            "smoothing: {min_cutoff: -3}",
            "blink: {interval: -4}",
            "blink: {duration: .inf}",
        ] {
            yaml::from_str::<PerformerSettings>(text).expect_err(text);
        }
    }

    #[test]
    fn an_infinite_time_turns_a_rule_off() {
        let settings: MixerSettings = yaml::from_str("frozen_after: .inf").expect("allowed");
        assert_eq!(settings.frozen_after, f64::INFINITY);
    }
}
