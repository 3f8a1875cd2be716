//! From faces to poses.

use bunraku_core::{
    face_state::FaceState,
    pose::{Parameter, Pose},
    profile::{PoseMapper, ProfileSettings},
};

/// Maps the face of the first source.
#[derive(Clone, Debug, Default)]
pub struct PoseMapping(ProfileSettings);

impl PoseMapping {
    /// The pose of a face.
    pub fn map(&self, face: &FaceState) -> Pose {
        let first = face.faces.first();
        let mut pose =
            first.map_or_else(Pose::default, |face| PoseMapper::new(face.profile, self.0.clone()).map(&face.sample));
        pose[Parameter::Breathing] = face.breath.unwrap_or(0.0);
        pose
    }
}
