//! Opens the character that a command was given.

use super::help::Help as _;
use bunraku_core::character::{CharacterModel, sample};
use std::path::Path;

/// Reads a character model, or says all that is wrong with it.
pub(crate) fn open(path: &Path) -> anyhow::Result<CharacterModel> {
    let model = CharacterModel::load(path);
    let help = model.as_ref().err().and_then(|error| error.problems.first()).map_or("", |first| first.fault.help());
    model.help(help)
}

/// Reads a character model; without one, a student of the published shape with random weights, which takes as long.
pub(crate) fn open_or_random(path: Option<&Path>) -> anyhow::Result<CharacterModel> {
    path.map_or_else(|| Ok(sample::character(0, sample::STANDARD)), open)
}
