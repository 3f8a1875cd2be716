//! Opens the character that a command was given.

use super::help::Help as _;
use bunraku::{character::CharacterChoice, show::Understudy};
use bunraku_core::character::CharacterModel;

/// Reads a character model, or says all that is wrong with it.
pub(crate) fn open(choice: &CharacterChoice) -> anyhow::Result<CharacterModel> {
    let model = choice.load();
    let help = model.as_ref().err().and_then(|error| error.problems.first()).map_or("", |first| first.fault.help());
    model.help(help)
}

/// Who may take over where no character was named: a machine that is too slow for the bundled one draws its smaller
/// student. Who names a character gets that one.
pub(crate) fn understudy(named: Option<&CharacterChoice>) -> anyhow::Result<Option<Understudy>> {
    if named.is_some() {
        return Ok(None);
    }
    let character = open(&CharacterChoice::BundledLite)?;
    Ok(Some(Understudy { character, advice: "--character bundled keeps the larger student".to_owned() }))
}
