//! The settings of the profiles in a configuration.

use bunraku_capture::registry;
use bunraku_core::{
    mapping::PoseMapping,
    profile::{Profile, ProfileSettings},
    suggest::nearest,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The settings of the profiles; one that is absent has its defaults.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "BTreeMap<Name, Option<ProfileSettings>>")]
pub struct Profiles(pub Vec<(Profile, ProfileSettings)>);

impl Profiles {
    /// The mapping from faces to poses with these settings.
    pub fn mapping(&self) -> PoseMapping {
        PoseMapping::new(self.0.iter().cloned())
    }
}

impl TryFrom<BTreeMap<Name, Option<ProfileSettings>>> for Profiles {
    type Error = String;

    fn try_from(read: BTreeMap<Name, Option<ProfileSettings>>) -> Result<Self, String> {
        let entry = |(Name(profile), settings): (Name, Option<ProfileSettings>)| {
            let settings = settings.unwrap_or_default();
            let offsets = [settings.head_x_offset, settings.head_y_offset, settings.head_z_offset];
            if profile.head_offsets || offsets == [0.0; 3] {
                return Ok((profile, settings));
            }
            Err(format!("{} has no head offsets: remove them, or move them to the mediapipe profile", profile.name))
        };
        read.into_iter().map(entry).collect::<Result<_, _>>().map(Self)
    }
}

/// A profile, read by its name.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Name(Profile);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let profiles = || registry().iter().map(|info| info.profile);
        let unknown = || match nearest(&name, profiles().map(|profile| profile.name)) {
            Some(near) => format!("unknown profile `{name}`; did you mean `{near}`?"),
            None => format!("unknown profile `{name}`; `bunraku convert --help` lists them"),
        };
        profiles().find(|profile| profile.name == name).map(Self).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::yaml;

    #[test]
    fn head_offsets_are_for_mediapipe_only() {
        let Profiles(read) = yaml::read("mediapipe: {head_x_offset: 0.1}\nifacialmocap:\n").expect("valid");
        let offset = |name| read.iter().find(|(profile, _)| profile.name == name).map(|(_, it)| it.head_x_offset);
        // An empty entry reads as absent.
        assert_eq!((offset("mediapipe"), offset("ifacialmocap")), (Some(0.1), None));
        let problems = yaml::read::<Profiles>("ifacialmocap: {head_x_offset: 0.1}").expect_err("another profile's");
        assert!(problems[0].contains("ifacialmocap has no head offsets"), "{problems:?}");
    }

    #[test]
    fn an_unknown_profile_suggests_the_nearest() {
        let problems = yaml::read::<Profiles>("mediapip: {}\nmediapipe: {wink_mode: x}").expect_err("two problems");
        assert!(problems.len() == 2 && problems[0].contains("did you mean `mediapipe`?"), "{problems:?}");
        assert!(problems[1].starts_with("mediapipe.wink_mode: "), "{problems:?}");
    }
}
