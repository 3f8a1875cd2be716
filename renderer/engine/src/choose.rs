//! Which engine draws: what was asked for, and what the machine has.

use super::{
    Detail, EngineError, StudentEngine,
    cpu::{self, CpuEngine},
    gpu::{self, GpuContext, GpuEngine},
};
use bunraku_core::character::CharacterModel;
use serde::{Deserialize, Serialize};

/// Which engine draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// A GPU if there is a real one, else the CPU
    #[default]
    Auto,
    /// A GPU, a software adapter too
    Gpu,
    /// The processor, all cores
    Cpu,
}

impl std::str::FromStr for EngineChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "auto" => Ok(Self::Auto),
            "gpu" => Ok(Self::Gpu),
            "cpu" => Ok(Self::Cpu),
            _ => Err(format!("unknown engine `{name}`: expected auto, gpu or cpu")),
        }
    }
}

/// Prepares the engine asked for; `threads` is for the CPU engine, 0 for one a core.
///
/// `Auto` is a GPU if there is a real one that works, else the CPU: a software driver runs on the CPU too, only slower.
///
/// # Errors
/// When the machine has no such engine.
pub fn open(
    choice: EngineChoice,
    character: &CharacterModel,
    detail: Detail,
    threads: usize,
) -> Result<Box<dyn StudentEngine>, EngineError> {
    let gpu = |allow_software| -> Result<Box<dyn StudentEngine>, EngineError> {
        Ok(Box::new(GpuEngine::new(&GpuContext::new(allow_software)?, character, detail)?))
    };
    match choice {
        EngineChoice::Gpu => gpu(true),
        EngineChoice::Cpu => Ok(Box::new(CpuEngine::new(character, detail, threads)?)),
        EngineChoice::Auto => gpu(false).or_else(|why| {
            tracing::info!("the CPU draws: {why}");
            open(EngineChoice::Cpu, character, detail, threads)
        }),
    }
}

/// What the machine under `engine` can do at most, in 10^9 operations a second: see [`cpu::peak_gflops`] and
/// [`gpu::peak_gflops`].
///
/// # Errors
/// When the device is lost or the threads cannot be started.
pub fn peak_gflops(engine: &dyn StudentEngine) -> Result<f64, EngineError> {
    let description = engine.describe();
    match description.engine {
        "gpu" => gpu::peak_gflops(&GpuContext::new(true)?),
        _ => cpu::peak_gflops(description.threads),
    }
}
