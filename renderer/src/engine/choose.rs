//! Which engine draws: what was asked for, and what the machine has.

use super::{Detail, EngineError, StudentEngine, cpu::CpuEngine};
use crate::settings::EngineChoice;
use bunraku_core::character::CharacterModel;

/// Prepares the engine asked for; `threads` is for the CPU engine, 0 for one a core.
///
/// # Errors
/// When the machine has no such engine.
pub fn open(
    choice: EngineChoice,
    character: &CharacterModel,
    detail: Detail,
    threads: usize,
) -> Result<Box<dyn StudentEngine>, EngineError> {
    match choice {
        EngineChoice::Auto | EngineChoice::Cpu => Ok(Box::new(CpuEngine::new(character, detail, threads)?)),
        EngineChoice::Gpu => Err(EngineError::NoAdapter("no adapter was found".to_owned())),
    }
}
