//! Eyebrows, eyes, irises and mouth (`core/spec/face-to-pose.md`).

use super::{EyebrowDownMode, PoseMapper, WinkMode, clamp, mouth, ramp};
use crate::{
    pose::{Parameter as P, Pose},
    sample::{Blendshape as B, FaceSample},
};

/// `x / max` within [0, 1]; 0 when `max` is not positive.
fn share(x: f64, max: f64) -> f64 {
    ramp(x, 0.0, max)
}

/// The strength of the smile.
fn smile(sample: &FaceSample) -> f64 {
    f64::midpoint(sample[B::MouthSmileLeft], sample[B::MouthSmileRight]) + sample[B::MouthShrugUpper]
}

impl PoseMapper {
    /// How far the face is from not smiling (0) to all smile (1).
    fn smile_degree(&self, sample: &FaceSample) -> f64 {
        ramp(smile(sample), self.settings.smile_threshold_min, self.settings.smile_threshold_max)
    }

    pub(super) fn map_eyes_and_brows(&self, sample: &FaceSample, pose: &mut Pose) {
        let degree = self.smile_degree(sample);
        self.map_brows(sample, degree, pose);
        self.map_lids(sample, degree, pose);
        self.map_irises(sample, pose);
    }

    fn map_brows(&self, sample: &FaceSample, degree: f64, pose: &mut Pose) {
        let (down_left, down_right) = match self.settings.eyebrow_down_mode {
            EyebrowDownMode::Angry => (P::EyebrowAngryLeft, P::EyebrowAngryRight),
            EyebrowDownMode::Troubled => (P::EyebrowTroubledLeft, P::EyebrowTroubledRight),
            EyebrowDownMode::Serious => (P::EyebrowSeriousLeft, P::EyebrowSeriousRight),
            EyebrowDownMode::Lowered => (P::EyebrowLoweredLeft, P::EyebrowLoweredRight),
        };
        let happy = clamp(smile(sample), 0.0, 1.0) * degree;
        for (raised, outer, down, brow_down, happy_brow) in [
            (P::EyebrowRaisedLeft, B::BrowOuterUpLeft, down_left, B::BrowDownLeft, P::EyebrowHappyLeft),
            (P::EyebrowRaisedRight, B::BrowOuterUpRight, down_right, B::BrowDownRight, P::EyebrowHappyRight),
        ] {
            pose[raised] = clamp(sample[B::BrowInnerUp] + sample[outer], 0.0, 1.0) as f32;
            pose[down] = ((1.0 - degree) * share(sample[brow_down], self.settings.eyebrow_down_max)) as f32;
            pose[happy_brow] = happy as f32;
        }
    }

    fn map_lids(&self, sample: &FaceSample, degree: f64, pose: &mut Pose) {
        let s = &self.settings;
        let (shut_left, shut_right) = match s.wink_mode {
            WinkMode::Normal => (P::EyeWinkLeft, P::EyeWinkRight),
            WinkMode::Relaxed => (P::EyeRelaxedLeft, P::EyeRelaxedRight),
        };
        for (shut, happy, blink) in
            [(shut_left, P::EyeHappyWinkLeft, B::EyeBlinkLeft), (shut_right, P::EyeHappyWinkRight, B::EyeBlinkRight)]
        {
            let closed = share(sample[blink], s.eye_blink_max);
            pose[shut] = ((1.0 - degree) * closed) as f32;
            pose[happy] = (degree * closed) as f32;
        }
        pose[P::EyeSurprisedLeft] = share(sample[B::EyeWideLeft], s.eye_surprised_max) as f32;
        pose[P::EyeSurprisedRight] = share(sample[B::EyeWideRight], s.eye_surprised_max) as f32;
        let lower_lid = |squint: B| ramp(sample[squint], s.cheek_squint_min, s.cheek_squint_max) as f32;
        pose[P::EyeRaisedLowerEyelidLeft] = lower_lid(B::CheekSquintLeft);
        pose[P::EyeRaisedLowerEyelidRight] = lower_lid(B::CheekSquintRight);
    }

    fn map_irises(&self, sample: &FaceSample, pose: &mut Pose) {
        let s = &self.settings;
        let sideways = sample[B::EyeLookInLeft] - sample[B::EyeLookOutLeft] - sample[B::EyeLookInRight]
            + sample[B::EyeLookOutRight];
        let upward = sample[B::EyeLookUpLeft] + sample[B::EyeLookUpRight]
            - sample[B::EyeLookDownLeft]
            - sample[B::EyeLookDownRight];
        pose[P::IrisRotationX] = clamp(upward / 2.0 * s.eye_rotation_factor, -1.0, 1.0) as f32;
        pose[P::IrisRotationY] = clamp(sideways / 2.0 * s.eye_rotation_factor, -1.0, 1.0) as f32;
        pose[P::IrisSmallLeft] = s.iris_small_left as f32;
        pose[P::IrisSmallRight] = s.iris_small_right as f32;
    }

    pub(super) fn map_mouth(&self, sample: &FaceSample, pose: &mut Pose) {
        let s = &self.settings;
        let smiling = clamp(smile(sample), 0.0, 1.0) as f32;
        pose[P::MouthRaisedCornerLeft] = smiling;
        pose[P::MouthRaisedCornerRight] = smiling;
        let open = ramp(sample[B::JawOpen], s.jaw_open_min, s.jaw_open_max);
        if open > 0.0 {
            self.map_open_mouth(sample, open, pose);
        } else {
            let frown = self.frown(sample[B::MouthFrownLeft] + sample[B::MouthFrownRight]) as f32;
            pose[P::MouthLoweredCornerLeft] = frown;
            pose[P::MouthLoweredCornerRight] = frown;
        }
    }

    /// How low the corners of the mouth are, from the sum of both sides.
    fn frown(&self, sum: f64) -> f64 {
        let max = self.settings.mouth_frown_max;
        if self.settings.reference_quirks && self.profile.inverted_frown_guard {
            // The reference's guard is inverted: it divides only when it should not. At 0 it raises; 0 is the fixed value.
            return if max < 0.0 { clamp(sum / max, 0.0, 1.0) } else { 0.0 };
        }
        share(sum, max)
    }

    fn map_open_mouth(&self, sample: &FaceSample, open: f64, pose: &mut Pose) {
        let s = &self.settings;
        let lower_lip = clamp(sample[B::MouthLowerDownLeft] + sample[B::MouthLowerDownRight], 0.0, 1.0);
        let funnel = sample[B::MouthFunnel];
        let [aaa, iii, uuu, ooo] = mouth::fit([open, lower_lip, funnel, sample[B::MouthPucker]]);
        let (mut rounded, mut wide) = (0.0, 0.0);
        if s.mouth_funnel_max - s.mouth_funnel_min > 0.0 {
            wide = ramp(funnel, s.mouth_funnel_min, s.mouth_funnel_max);
            rounded = clamp(uuu + ooo, 0.0, 1.0);
        }
        pose[P::MouthAaa] = aaa as f32;
        pose[P::MouthIii] = iii as f32;
        pose[P::MouthUuu] = (rounded * (1.0 - wide)) as f32;
        pose[P::MouthOoo] = (rounded * wide) as f32;
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        pose::{Parameter, Pose},
        profile::{
            PoseMapper, Profile, ProfileSettings,
            testing::{CAMERA, PHONE},
        },
        sample::{Blendshape, FaceSample, Head},
    };
    use proptest::prelude::*;

    fn frowning() -> FaceSample {
        let mut sample = FaceSample::default();
        sample[Blendshape::MouthFrownLeft] = 0.3;
        sample[Blendshape::MouthFrownRight] = 0.15;
        sample
    }

    fn frown(profile: Profile, mouth_frown_max: f64, reference_quirks: bool) -> f32 {
        let settings = ProfileSettings { mouth_frown_max, reference_quirks, ..ProfileSettings::default() };
        PoseMapper::new(profile, settings).map(&frowning())[Parameter::MouthLoweredCornerLeft]
    }

    #[test]
    fn an_iphones_frown_shows_unless_quirks_are_on() {
        assert!((frown(PHONE, 0.6, false) - 0.75).abs() < 1e-6);
        assert_eq!(frown(PHONE, 0.6, true), 0.0);
        assert!((frown(CAMERA, 0.6, true) - 0.75).abs() < 1e-6);
    }

    #[test]
    fn a_frown_maximum_of_zero_turns_the_frown_off() {
        for (profile, quirks) in [(PHONE, false), (PHONE, true), (CAMERA, true)] {
            assert_eq!(frown(profile, 0.0, quirks), 0.0);
        }
    }

    fn any_finite() -> impl Strategy<Value = f64> {
        prop_oneof![4 => -0.5..1.5_f64, 1 => prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL]
    }

    fn any_settings() -> impl Strategy<Value = ProfileSettings> {
        (prop::collection::vec(any_finite(), 18), any::<bool>()).prop_map(|(v, reference_quirks)| ProfileSettings {
            smile_threshold_min: v[0],
            smile_threshold_max: v[1],
            eye_surprised_max: v[2],
            eye_blink_max: v[3],
            eyebrow_down_max: v[4],
            cheek_squint_min: v[5],
            cheek_squint_max: v[6],
            jaw_open_min: v[7],
            jaw_open_max: v[8],
            mouth_frown_max: v[9],
            mouth_funnel_min: v[10],
            mouth_funnel_max: v[11],
            eye_rotation_factor: v[12],
            iris_small_left: v[13],
            iris_small_right: v[14],
            head_x_offset: v[15],
            head_y_offset: v[16],
            head_z_offset: v[17],
            reference_quirks,
            ..ProfileSettings::default()
        })
    }

    fn in_range(pose: &Pose) -> bool {
        Parameter::ALL.into_iter().all(|p| (p.min()..=Parameter::MAX).contains(&pose[p]))
    }

    proptest! {
        #[test]
        fn any_finite_sample_makes_a_pose_in_range(
            shapes in prop::collection::vec(any_finite(), Blendshape::ALL.len()),
            rotation_deg in prop::array::uniform3(any_finite()),
            settings in any_settings(),
            camera: bool,
        ) {
            let mut sample = FaceSample { head: Head { rotation_deg, ..Head::default() }, ..FaceSample::default() };
            for (shape, value) in Blendshape::ALL.into_iter().zip(shapes) {
                sample[shape] = value;
            }
            let profile = if camera { CAMERA } else { PHONE };
            let pose = PoseMapper::new(profile, settings).map(&sample);
            prop_assert!(in_range(&pose), "{pose:?}");
        }
    }
}
