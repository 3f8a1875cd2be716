//! Opens the character that a command was given.

use super::help::Helped;
use bunraku::{character::CharacterChoice, runtime::FallbackStudent};
use bunraku_core::character::CharacterError;
use bunraku_engine::Character;

/// Reads a character model, or says all that is wrong with it.
pub(crate) fn open(choice: &CharacterChoice) -> anyhow::Result<Character> {
    choice.load().map_err(way_out)
}

/// What is wrong with a character model, with what to do about the first of it.
pub(crate) fn way_out(error: CharacterError) -> anyhow::Error {
    let help = error.problems.first().map_or("", |first| first.fault.help());
    Helped::new(error, help).into()
}

/// Who may take over where no character was named: a machine that is too slow for the bundled one draws its smaller
/// student. Who names a character gets that one.
pub(crate) fn fallback(named: Option<&CharacterChoice>) -> anyhow::Result<Option<FallbackStudent>> {
    if named.is_some() {
        return Ok(None);
    }
    let character = open(&CharacterChoice::BundledLite)?;
    Ok(Some(FallbackStudent { character, advice: "--character bundled keeps the larger student".to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_named_stays_and_otherwise_the_smaller_student_stands_by() {
        let standing_by = |named: Option<&CharacterChoice>| fallback(named).expect("it is built in");
        assert!(standing_by(Some(&CharacterChoice::Bundled)).is_none());
        let lite = standing_by(None).expect("someone");
        assert!(lite.character.name() == "Kohaku lite" && lite.advice.contains("--character bundled"));
    }
}
