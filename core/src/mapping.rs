//! The mapping of a face state to the 45 pose parameters of a THA4 avatar.

use crate::{
    face_state::{FaceState, SourceFace},
    pose::{Parameter, Pose},
    profile::{PoseMapper, Profile, ProfileSettings},
};

/// Maps face states to poses.
///
/// Each source's sample is mapped whole by its own profile, because some terms cross channels (a smile narrows the
/// eyes). Then each parameter is the mean over the sources, weighted by their shares of the parameter's channel.
#[derive(Clone, Debug, Default)]
pub struct PoseMapping {
    mappers: Vec<PoseMapper>,
}

impl PoseMapping {
    /// A mapping in which the profiles named here have these settings, and all others the default ones.
    pub fn new(settings: impl IntoIterator<Item = (Profile, ProfileSettings)>) -> Self {
        Self { mappers: settings.into_iter().map(|(profile, settings)| PoseMapper::new(profile, settings)).collect() }
    }

    /// The pose of `state`: finite and within every parameter's range. Allocates nothing.
    pub fn map(&self, state: &FaceState) -> Pose {
        let mut pose = Pose::default();
        for face in &state.faces {
            let mapped = self.map_face(face);
            for parameter in Parameter::ALL {
                pose[parameter] += face.weights[parameter.channel() as usize] * mapped[parameter];
            }
        }
        if let Some(breath) = state.breath {
            pose[Parameter::Breathing] = breath;
        }
        pose.clamped()
    }

    fn map_face(&self, face: &SourceFace) -> Pose {
        let known = self.mappers.iter().find(|mapper| mapper.profile().name == face.profile.name);
        let default = || PoseMapper::new(face.profile, ProfileSettings::default());
        let map = |sample| known.map_or_else(|| default().map(sample), |mapper| mapper.map(sample));
        // The settings of a profile (offsets of the head, sizes of the irises) mean the source's own left and right.
        if face.mirrored { map(&face.sample.mirrored()).mirrored() } else { map(&face.sample) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        channel::{CHANNEL_COUNT, Channel},
        profile::testing::{CAMERA, PHONE},
        sample::{Blendshape, FaceSample},
    };
    use proptest::prelude::*;

    fn face(change: impl FnOnce(&mut FaceSample)) -> FaceSample {
        let mut sample = FaceSample::seen_at(0.0);
        change(&mut sample);
        sample
    }

    #[test]
    fn a_face_that_is_alone_has_the_pose_that_its_profile_makes() {
        let sample = face(|face| {
            face[Blendshape::EyeBlinkLeft] = 0.3;
            face.head.rotation_deg = [3.0, -5.0, 7.0];
        });
        let settings = ProfileSettings { eye_blink_max: 0.5, ..ProfileSettings::default() };
        let mapping = PoseMapping::new([(CAMERA, settings.clone())]);
        for (profile, settings) in [(CAMERA, settings), (PHONE, ProfileSettings::default())] {
            let expected = PoseMapper::new(profile, settings).map(&sample);
            assert_eq!(mapping.map(&FaceState::of(profile, sample)), expected);
        }
    }

    #[test]
    fn a_smile_narrows_only_the_eyes_of_the_face_that_smiles() {
        let blinking = face(|face| face[Blendshape::EyeBlinkLeft] = 0.8);
        let smiling = face(|face| {
            face[Blendshape::MouthSmileLeft] = 1.0;
            face[Blendshape::MouthSmileRight] = 1.0;
        });
        let mut state = FaceState::of(PHONE, blinking);
        state.faces.push(SourceFace { source: 1, ..SourceFace::whole(CAMERA, smiling) });
        for channel in Channel::ALL {
            let from_camera = f32::from(u8::from(channel == Channel::Mouth));
            state.faces[0].weights[channel as usize] = 1.0 - from_camera;
            state.faces[1].weights[channel as usize] = from_camera;
        }
        let pose = PoseMapping::default().map(&state);
        assert_eq!((pose[Parameter::EyeWinkLeft], pose[Parameter::EyeHappyWinkLeft]), (1.0, 0.0));
        assert_eq!(pose[Parameter::MouthRaisedCornerLeft], 1.0);
    }

    #[test]
    fn settings_with_a_side_keep_the_sources_own_sides_when_it_is_mirrored() {
        let settings = ProfileSettings { iris_small_left: 0.5, head_y_offset: 0.1, ..ProfileSettings::default() };
        let sample = face(|face| face.head.rotation_deg = [1.0, 2.0, 3.0]);
        let mut state = FaceState::of(CAMERA, sample.mirrored());
        state.faces[0].mirrored = true;
        let expected = PoseMapper::new(CAMERA, settings.clone()).map(&sample).mirrored();
        assert_eq!(PoseMapping::new([(CAMERA, settings)]).map(&state), expected);
    }

    #[test]
    fn the_breath_of_the_state_is_the_poses() {
        let mut state = FaceState::of(PHONE, FaceSample::default());
        assert_eq!(PoseMapping::default().map(&state)[Parameter::Breathing], 0.0);
        state.breath = Some(0.75);
        assert_eq!(PoseMapping::default().map(&state)[Parameter::Breathing], 0.75);
        assert_eq!(PoseMapping::default().map(&FaceState::default()), Pose::default());
    }

    proptest! {
        #[test]
        fn any_state_makes_a_pose_that_is_finite_and_in_range(
            jaws in prop::collection::vec((prop::num::f64::NORMAL, 0.0..1.0_f32), 0..4),
            breath in prop::option::of(prop::num::f32::ANY),
        ) {
            let faces = jaws.iter().map(|&(jaw, weight)| SourceFace {
                weights: [weight; CHANNEL_COUNT],
                ..SourceFace::whole(PHONE, face(|face| face[Blendshape::JawOpen] = jaw))
            });
            let pose = PoseMapping::default().map(&FaceState { faces: faces.collect(), breath });
            prop_assert!(pose == pose.clamped() && pose.is_finite(), "{pose:?}");
        }
    }
}
