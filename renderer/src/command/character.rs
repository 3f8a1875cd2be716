//! Opens the character that a command was given.

use super::help::Helped;
use bunraku::{character::CharacterChoice, runtime::FallbackStudent};
use bunraku_core::character::CharacterError;
use bunraku_engine::Character;

/// Reads a character model, or reports everything wrong with it.
pub(crate) fn open(choice: &CharacterChoice) -> anyhow::Result<Character> {
    choice.load().map_err(way_out)
}

/// Adds what to do about the first problem of a character model.
pub(crate) fn way_out(error: CharacterError) -> anyhow::Error {
    let help = error.problems.first().map_or("", |first| first.fault.help());
    Helped::new(error, help).into()
}

/// The smaller student to draw on a machine that is too slow for the bundled one. Naming a character turns it off.
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
    fn naming_a_character_turns_the_fallback_off() {
        let fallback_of = |named: Option<&CharacterChoice>| fallback(named).expect("it is built in");
        assert!(fallback_of(Some(&CharacterChoice::Bundled)).is_none());
        let lite = fallback_of(None).expect("a fallback");
        assert!(lite.character.name() == "Kohaku lite" && lite.advice.contains("--character bundled"));
    }
}
