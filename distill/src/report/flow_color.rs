//! Colours for a grid change: the direction is the hue, the length the light (`core/spec/images.md`, Grid changes as
//! colours).

use std::f32::consts::PI;

/// The light of a grid change of length 1.
const GAIN: f32 = 3.0;

/// Matplotlib's `hsv` map: for red, green and blue the corners (position in 63rds, value), linear in between.
const HUES: [&[(f32, f32)]; 3] = [
    &[
        (0., 1.),
        (10., 1.),
        (11., 0.96875),
        (21., 0.03125),
        (22., 0.),
        (42., 0.),
        (43., 0.03125),
        (53., 0.96875),
        (54., 1.),
        (63., 1.),
    ],
    &[(0., 0.), (10., 0.9375), (11., 1.), (32., 1.), (42., 0.0625), (43., 0.), (63., 0.)],
    &[(0., 0.), (21., 0.), (22., 0.0625), (32., 1.), (53., 1.), (54., 0.9375), (63., 0.09375)],
];

/// The number of hue levels.
const LEVELS: f32 = 256.0;

/// The light, in [0, 1], of a grid change in normalised units.
pub(crate) fn flow_light([x, y]: [f32; 2]) -> [f32; 3] {
    let turn = (x.atan2(y) + PI) / (2.0 * PI);
    let length = x.hypot(y);
    hue((LEVELS * turn).floor().min(LEVELS - 1.0)).map(|light| (GAIN * length * light).clamp(0.0, 1.0))
}

/// The colour of a level, 0 to 255.
fn hue(level: f32) -> [f32; 3] {
    let at = 63.0 * level / (LEVELS - 1.0);
    HUES.map(|corners| {
        let next = corners.partition_point(|corner| corner.0 < at).clamp(1, corners.len() - 1);
        let ((x0, y0), (x1, y1)) = (corners[next - 1], corners[next]);
        y0 + (y1 - y0) * ((at - x0) / (x1 - x0)).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_hues_match() {
        let Some(path) = bunraku_test_support::shared("tha4/golden/student/hsv_lut.json") else { return };
        let text = std::fs::read_to_string(path).expect("a golden file can be read");
        let table: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let colours = table["lut"].as_array().expect("colours");
        assert_eq!(colours.len(), 256);
        for (level, expected) in colours.iter().enumerate() {
            for (channel, value) in hue(level as f32).into_iter().enumerate() {
                let expected = expected[channel].as_f64().expect("a number") as f32;
                assert!((value - expected).abs() < 1e-4, "level {level}, channel {channel}: {value}, not {expected}");
            }
        }
    }

    #[test]
    fn rest_is_black_and_opposite_directions_differ() {
        assert_eq!(flow_light([0.0, 0.0]), [0.0; 3]);
        let (right, left) = (flow_light([0.1, 0.0]), flow_light([-0.1, 0.0]));
        assert!(right != left && right.iter().chain(&left).all(|light| (0.0..=0.3 + 1e-6).contains(light)));
        assert!(flow_light([f32::NAN, 0.0]).iter().all(|light| light.is_nan() || (0.0..=1.0).contains(light)));
    }
}
