//! What smoothing measures speeds in: the reference's mapping, with its default settings, to pose parameters.

use crate::sample::{BLENDSHAPE_COUNT, Blendshape as B, FaceSample};

/// Number of values of a sample: the blendshapes, the head's rotation and translation, both eyes' rotation.
pub(super) const FIELDS: usize = BLENDSHAPE_COUNT + 12;

/// A number for each value of a sample.
pub(super) type Fields = [f64; FIELDS];

const HEAD: usize = BLENDSHAPE_COUNT;
const PLACE: usize = HEAD + 3;
const EYES: usize = PLACE + 3;

/// The values of `sample`.
pub(super) fn fields(sample: &FaceSample) -> Fields {
    let mut fields = [0.0; FIELDS];
    for (field, value) in fields.iter_mut().zip(values(sample)) {
        *field = value;
    }
    fields
}

fn values(sample: &FaceSample) -> impl Iterator<Item = f64> {
    let FaceSample { blendshapes, head, eyes, .. } = *sample;
    let rest = [head.rotation_deg, head.translation_cm, eyes.left_deg, eyes.right_deg];
    blendshapes.into_iter().chain(rest.into_iter().flatten())
}

/// Sets the values of `sample`.
pub(super) fn set_fields(sample: &mut FaceSample, fields: &Fields) {
    let (head, eyes) = (&mut sample.head, &mut sample.eyes);
    let rest = [&mut head.rotation_deg, &mut head.translation_cm, &mut eyes.left_deg, &mut eyes.right_deg];
    for (value, field) in sample.blendshapes.iter_mut().chain(rest.into_iter().flatten()).zip(fields) {
        *value = *field;
    }
}

/// The range of each value that the reference's default mapping turns into a full parameter; what it does not read has
/// its natural range: 1 for a blendshape, 10 cm, 30° of an eye.
const UNITS: Fields = {
    let mut units = [1.0; FIELDS];
    let set = [
        (B::EyeBlinkLeft as usize, 0.8),
        (B::EyeBlinkRight as usize, 0.8),
        (B::EyeWideLeft as usize, 0.5),
        (B::EyeWideRight as usize, 0.5),
        (B::CheekSquintLeft as usize, 0.6),
        (B::CheekSquintRight as usize, 0.6),
        (B::BrowDownLeft as usize, 0.4),
        (B::BrowDownRight as usize, 0.4),
        (B::JawOpen as usize, 0.3),
        (B::MouthFunnel as usize, 0.25),
        (HEAD, 15.0),
        (HEAD + 1, 10.0),
        (HEAD + 2, 15.0),
    ];
    let mut i = 0;
    while i < set.len() {
        units[set[i].0] = set[i].1;
        i += 1;
    }
    i = PLACE;
    while i < FIELDS {
        units[i] = if i < EYES { 10.0 } else { 30.0 };
        i += 1;
    }
    units
};

/// Blendshapes that the mapping adds up to one parameter, and whose speed is therefore that of the sum.
struct Sum {
    /// Those that take its speed.
    followers: &'static [B],
    /// The sum: blendshapes and their factors, in full parameters.
    parts: &'static [(B, f64)],
}

/// The factor of a direction of the gaze: four blendshapes are averaged in pairs, and 0.75 is all the way.
const GAZE: f64 = 0.5 / 0.75;

/// The sums of the reference's mapping.
const SUMS: [Sum; 8] = [
    Sum {
        followers: &[B::EyeLookInLeft, B::EyeLookOutLeft, B::EyeLookInRight, B::EyeLookOutRight],
        parts: &[
            (B::EyeLookInLeft, GAZE),
            (B::EyeLookOutLeft, -GAZE),
            (B::EyeLookInRight, -GAZE),
            (B::EyeLookOutRight, GAZE),
        ],
    },
    Sum {
        followers: &[B::EyeLookUpLeft, B::EyeLookDownLeft, B::EyeLookUpRight, B::EyeLookDownRight],
        parts: &[
            (B::EyeLookUpLeft, GAZE),
            (B::EyeLookDownLeft, -GAZE),
            (B::EyeLookUpRight, GAZE),
            (B::EyeLookDownRight, -GAZE),
        ],
    },
    Sum {
        followers: &[B::MouthSmileLeft, B::MouthSmileRight, B::MouthShrugUpper],
        parts: &[(B::MouthSmileLeft, 0.5), (B::MouthSmileRight, 0.5), (B::MouthShrugUpper, 1.0)],
    },
    Sum {
        followers: &[B::MouthFrownLeft, B::MouthFrownRight],
        parts: &[(B::MouthFrownLeft, 1.0 / 0.6), (B::MouthFrownRight, 1.0 / 0.6)],
    },
    Sum {
        followers: &[B::MouthLowerDownLeft, B::MouthLowerDownRight],
        parts: &[(B::MouthLowerDownLeft, 1.0), (B::MouthLowerDownRight, 1.0)],
    },
    Sum { followers: &[B::BrowOuterUpLeft], parts: &[(B::BrowInnerUp, 1.0), (B::BrowOuterUpLeft, 1.0)] },
    Sum { followers: &[B::BrowOuterUpRight], parts: &[(B::BrowInnerUp, 1.0), (B::BrowOuterUpRight, 1.0)] },
    Sum {
        followers: &[B::BrowInnerUp],
        parts: &[(B::BrowInnerUp, 1.0), (B::BrowOuterUpLeft, 0.5), (B::BrowOuterUpRight, 0.5)],
    },
];

/// The speed by which each value is judged, in full parameters a second, when the values change by `speed` a second.
pub(super) fn speeds_in_parameters(speed: &Fields) -> Fields {
    let mut speeds = *speed;
    for (speed, unit) in speeds.iter_mut().zip(UNITS) {
        *speed /= unit;
    }
    for Sum { followers, parts } in &SUMS {
        let sum = parts.iter().map(|&(shape, factor)| factor * speed[shape as usize]).sum();
        for &follower in *followers {
            speeds[follower as usize] = sum;
        }
    }
    speeds
}
