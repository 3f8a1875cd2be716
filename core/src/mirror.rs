//! Mirroring: a face sample as a mirror shows it.

use crate::sample::{Blendshape as B, Eyes, FaceSample, Head};

/// The blendshapes that have two sides, left and right.
const SIDES: [(B, B); 20] = [
    (B::EyeLookInLeft, B::EyeLookInRight),
    (B::EyeLookOutLeft, B::EyeLookOutRight),
    (B::EyeLookDownLeft, B::EyeLookDownRight),
    (B::EyeLookUpLeft, B::EyeLookUpRight),
    (B::EyeBlinkLeft, B::EyeBlinkRight),
    (B::EyeSquintLeft, B::EyeSquintRight),
    (B::EyeWideLeft, B::EyeWideRight),
    (B::BrowDownLeft, B::BrowDownRight),
    (B::BrowOuterUpLeft, B::BrowOuterUpRight),
    (B::NoseSneerLeft, B::NoseSneerRight),
    (B::CheekSquintLeft, B::CheekSquintRight),
    (B::MouthLeft, B::MouthRight),
    (B::MouthDimpleLeft, B::MouthDimpleRight),
    (B::MouthFrownLeft, B::MouthFrownRight),
    (B::MouthLowerDownLeft, B::MouthLowerDownRight),
    (B::MouthPressLeft, B::MouthPressRight),
    (B::MouthSmileLeft, B::MouthSmileRight),
    (B::MouthStretchLeft, B::MouthStretchRight),
    (B::MouthUpperUpLeft, B::MouthUpperUpRight),
    (B::JawLeft, B::JawRight),
];

/// A rotation about x, y, z seen in a mirror whose plane is x = 0.
const fn mirrored_rotation([x, y, z]: [f64; 3]) -> [f64; 3] {
    [x, -y, -z]
}

impl FaceSample {
    /// The sample as a mirror shows it: left and right change places, and what turns or moves sideways goes the other
    /// way. Mirrored twice it is itself.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let mut out = *self;
        for (left, right) in SIDES {
            (out[left], out[right]) = (self[right], self[left]);
        }
        let [x, y, z] = self.head.translation_cm;
        out.head = Head { rotation_deg: mirrored_rotation(self.head.rotation_deg), translation_cm: [-x, y, z] };
        out.eyes =
            Eyes { left_deg: mirrored_rotation(self.eyes.right_deg), right_deg: mirrored_rotation(self.eyes.left_deg) };
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        profile::{
            PoseMapper, ProfileSettings,
            testing::{CAMERA, PHONE},
        },
        rotation::Rotation,
    };
    use proptest::prelude::*;

    fn any_sample() -> impl Strategy<Value = FaceSample> {
        let angles = || prop::array::uniform3(-40.0..40.0_f64);
        (prop::collection::vec(-0.2..1.2_f64, B::ALL.len()), angles(), angles(), angles(), angles()).prop_map(
            |(shapes, rotation_deg, translation_cm, left_deg, right_deg)| {
                let mut sample = FaceSample::seen_at(1.0);
                for (shape, value) in B::ALL.into_iter().zip(shapes) {
                    sample[shape] = value;
                }
                sample.head = Head { rotation_deg, translation_cm };
                sample.eyes = Eyes { left_deg, right_deg };
                sample
            },
        )
    }

    #[test]
    fn every_blendshape_with_a_side_changes_places_with_its_other_side() {
        for shape in B::ALL {
            let mut sample = FaceSample::default();
            sample[shape] = 1.0;
            let name = shape.name();
            let other = match (name.strip_suffix("Left"), name.strip_suffix("Right")) {
                (Some(stem), _) => format!("{stem}Right"),
                (_, Some(stem)) => format!("{stem}Left"),
                _ => name.to_owned(),
            };
            let other = B::from_name(&other).expect("both sides have names");
            assert_eq!(sample.mirrored()[other], 1.0, "{name}");
        }
    }

    proptest! {
        #[test]
        fn the_pose_of_a_mirrored_sample_is_the_mirrored_pose(sample in any_sample()) {
            for profile in [PHONE, CAMERA] {
                let mapper = PoseMapper::new(profile, ProfileSettings::default());
                prop_assert_eq!(mapper.map(&sample.mirrored()), mapper.map(&sample).mirrored());
            }
            prop_assert_eq!(sample.mirrored().mirrored(), sample);
        }

        #[test]
        fn a_mirrored_head_is_turned_as_its_mirror_image_is(angles in prop::array::uniform3(-170.0..170.0_f64)) {
            let turned = Rotation::from_euler_deg(angles).rows();
            let mirrored = Rotation::from_euler_deg(mirrored_rotation(angles)).rows();
            for (row, column) in (0..3).flat_map(|row| (0..3).map(move |column| (row, column))) {
                let sign = if (row == 0) == (column == 0) { 1.0 } else { -1.0 };
                prop_assert!((mirrored[row][column] - sign * turned[row][column]).abs() < 1e-12);
            }
        }
    }
}
