//! Opens avatars on the engine that was asked for.

use super::gpu_context;
use crate::{Avatar, Character, EngineError, View, gpu::GpuContext};
use bunraku_core::mapping::PoseMapping;
use serde::{Deserialize, Serialize};

/// Which engine draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// A GPU if there is a real one, else the CPU
    #[default]
    Auto,
    /// A GPU, even a software adapter
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

/// How an avatar is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Which engine draws.
    pub engine: EngineChoice,
    /// The device that the GPU engine shares, such as a window's; without one it opens its own.
    pub gpu: Option<GpuContext>,
    /// Threads of the CPU engine, 0 for one per core.
    pub threads: usize,
    /// Size and quality.
    pub view: View,
    /// From faces to poses.
    pub mapping: PoseMapping,
}

impl OpenOptions {
    /// Options with everything else at its default.
    pub fn new(engine: EngineChoice, view: View) -> Self {
        Self { engine, gpu: None, threads: 0, view, mapping: PoseMapping::default() }
    }
}

/// Opens a character's avatar.
///
/// `Auto` takes a GPU if there is a real one that works, else the CPU: a software driver runs on the CPU too, but slower.
///
/// # Errors
/// When the machine has no such engine.
pub fn open(character: &Character, options: &OpenOptions) -> Result<Box<dyn Avatar>, EngineError> {
    let OpenOptions { view, threads, .. } = *options;
    let mapping = || options.mapping.clone();
    let on_cpu = || character.on_cpu(mapping(), view, threads);
    let on_gpu = |allow_software: bool| {
        let shared = options.gpu.clone().filter(|context| allow_software || !context.software());
        let context = shared.map_or_else(|| gpu_context(allow_software), Ok)?;
        character.on_gpu(mapping(), view, &context)
    };
    match options.engine {
        EngineChoice::Gpu => on_gpu(true),
        EngineChoice::Cpu => on_cpu(),
        EngineChoice::Auto => on_gpu(false).or_else(|why| {
            tracing::info!("drawing on the CPU: {why}");
            on_cpu()
        }),
    }
}
