//! The profiles that come with the capture sources, found by name.

use crate::{SourceInfo, registry};
use bunraku_core::{
    profile::Profile,
    sample::FaceSample,
    suggest::{did_you_mean, nearest},
};

/// The format of the lines captured from a device or tracker.
#[derive(Clone, Copy, Debug)]
pub struct LineFormat {
    /// What a line is, for help texts.
    pub about: &'static str,
    /// Parses a line. Parts that it lacks are 0; an error says what is wrong.
    pub parse: fn(&[u8]) -> Result<FaceSample, String>,
}

/// A profile and the format of its captured lines.
#[derive(Clone, Copy, Debug)]
pub struct ProfileInfo {
    /// How samples become poses.
    pub profile: Profile,
    /// The format of its lines.
    pub lines: LineFormat,
}

/// The profiles that have a line format, in the order of the registry.
pub fn profiles() -> impl Iterator<Item = ProfileInfo> {
    profiles_of(registry())
}

fn profiles_of(sources: &[SourceInfo]) -> impl Iterator<Item = ProfileInfo> {
    sources.iter().filter_map(|info| Some(ProfileInfo { profile: info.profile, lines: info.lines? }))
}

/// No profile has the name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile `{name}`: expected {known}{}", did_you_mean(*.nearest))]
pub struct UnknownProfile {
    /// The name given.
    pub name: String,
    /// The most similar known name.
    pub nearest: Option<&'static str>,
    /// All known names.
    pub known: String,
}

/// The profile `name`.
///
/// # Errors
/// No profile has this name; the error suggests the nearest and lists all.
pub fn find_profile(name: &str) -> Result<ProfileInfo, UnknownProfile> {
    find_in(registry(), name)
}

pub(crate) fn find_in(sources: &[SourceInfo], name: &str) -> Result<ProfileInfo, UnknownProfile> {
    profiles_of(sources).find(|info| info.profile.name == name).ok_or_else(|| {
        let names = || profiles_of(sources).map(|info| info.profile.name);
        let known = names().collect::<Vec<_>>().join(", ");
        UnknownProfile { name: name.to_owned(), nearest: nearest(name, names()), known }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mediapipe;

    #[test]
    fn an_error_for_an_unknown_profile_suggests_the_nearest_and_lists_all() {
        let error = find_profile("mediapip").expect_err("misspelt").to_string();
        assert!(error.contains("did you mean `mediapipe`?") && error.contains("ifacialmocap"), "{error}");
        assert!(find_profile("quux").is_err_and(|error| error.nearest.is_none()));
        assert_eq!(find_profile("mediapipe").map(|info| info.profile), Ok(mediapipe::PROFILE));
    }
}
