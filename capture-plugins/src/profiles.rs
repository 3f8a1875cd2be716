//! The profiles of all capture plugins, found by name.

use crate::{ifacialmocap, mediapipe};
use bunraku_core::{profile::Profile, sample::FaceSample, suggest::nearest};

/// A profile, and how a captured line of its kind is read.
#[derive(Clone, Copy, Debug)]
pub struct ProfileInfo {
    /// How its samples become poses.
    pub profile: Profile,
    /// Reads one line as its device or tracker says it; parts that the line lacks are 0. An error says what is wrong.
    pub parse: fn(&[u8]) -> Result<FaceSample, String>,
}

/// All profiles.
pub fn profiles() -> &'static [ProfileInfo] {
    &[ifacialmocap::PROFILE_INFO, mediapipe::PROFILE_INFO]
}

/// There is no profile of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile `{name}`{}: expected {known}", .nearest.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
pub struct UnknownProfile {
    /// The name asked for.
    pub name: String,
    /// The known name most like it.
    pub nearest: Option<&'static str>,
    /// All known names.
    pub known: String,
}

/// The profile `name`.
///
/// # Errors
/// There is none; the error names the nearest and all there are.
pub fn find_profile(name: &str) -> Result<&'static ProfileInfo, UnknownProfile> {
    profiles().iter().find(|info| info.profile.name == name).ok_or_else(|| {
        let names = || profiles().iter().map(|info| info.profile.name);
        let known = names().collect::<Vec<_>>().join(", ");
        UnknownProfile { name: name.to_owned(), nearest: nearest(name, names()), known }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_profile_is_an_error_that_names_the_nearest() {
        let error = find_profile("mediapip").expect_err("misspelt").to_string();
        assert!(error.contains("did you mean `mediapipe`?") && error.contains("ifacialmocap"), "{error}");
        assert!(find_profile("quux").is_err_and(|error| error.nearest.is_none()));
        assert_eq!(find_profile("mediapipe").map(|info| info.profile), Ok(mediapipe::PROFILE));
    }
}
