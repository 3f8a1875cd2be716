//! Runtimes for the networks: ONNX Runtime where it is installed, otherwise the built-in one.

mod built_in;
mod library;
mod onnx_runtime;

use std::{fmt, path::PathBuf};

/// A network that is ready to run.
pub(crate) trait Network: Send {
    /// Computes the outputs of an input, in the order and with the lengths of the layout.
    fn run(&mut self, input: &[f32], outputs: &mut [&mut [f32]]) -> Result<(), NetworkError>;
}

/// The input and outputs of a network.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Its name, for messages.
    pub(crate) network: &'static str,
    /// The input's shape.
    pub(crate) input: &'static [usize],
    /// Name and length of each output that is used.
    pub(crate) outputs: &'static [(&'static str, usize)],
}

/// A network failed to run.
#[derive(Debug, thiserror::Error)]
#[error("the network `{network}` failed: {why}")]
pub struct NetworkError {
    /// Which network.
    pub network: &'static str,
    /// The runtime's error.
    pub why: String,
}

/// Which runtime to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuntimeChoice {
    /// ONNX Runtime if it is installed, else the built-in one.
    #[default]
    Auto,
    /// ONNX Runtime.
    Ort,
    /// The built-in runtime.
    Rten,
}

/// Why a runtime or a network cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// ONNX Runtime was requested but is not available.
    #[error("ONNX Runtime cannot be used: {0}")]
    NoOnnxRuntime(String),
    /// The model is damaged or not the expected one.
    #[error("the model of the network `{network}` cannot be used: {why}")]
    Model {
        /// Which network.
        network: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// A runtime, ready to open networks.
pub(crate) enum Runtime {
    OnnxRuntime(&'static onnx_runtime::Loaded),
    BuiltIn,
}

impl Runtime {
    /// Finds the runtime. Once ONNX Runtime is loaded, it stays loaded for the life of the process.
    pub(crate) fn choose(choice: RuntimeChoice) -> Result<Self, RuntimeError> {
        if choice == RuntimeChoice::Rten {
            return Ok(Self::BuiltIn);
        }
        match onnx_runtime::load() {
            Ok(loaded) => Ok(Self::OnnxRuntime(loaded)),
            Err(why) if choice == RuntimeChoice::Ort => Err(RuntimeError::NoOnnxRuntime(why.to_string())),
            Err(_) => Ok(Self::BuiltIn),
        }
    }

    /// Opens a network, an ONNX model, with this many threads.
    pub(crate) fn open(
        &self,
        model: &[u8],
        layout: &'static Layout,
        threads: usize,
    ) -> Result<Box<dyn Network>, RuntimeError> {
        let wrong = |why| RuntimeError::Model { network: layout.network, why };
        match self {
            Self::OnnxRuntime(loaded) => onnx_runtime::open(loaded, model, layout, threads).map_err(wrong),
            Self::BuiltIn => built_in::open(model, layout, threads).map_err(wrong),
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnnxRuntime(loaded) => loaded.fmt(f),
            Self::BuiltIn => f.write_str("the built-in runtime (rten)"),
        }
    }
}

/// Which runtimes this machine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeReport {
    /// The runtime that `auto` selects, and where it was found.
    pub in_use: String,
    /// Whether that is ONNX Runtime.
    pub onnx_runtime: bool,
    /// Libraries that were found but cannot be used, with the reason.
    pub broken: Vec<(PathBuf, String)>,
}

/// Reports which runtime [`RuntimeChoice::Auto`] selects. Loads ONNX Runtime if it is installed.
pub fn describe() -> RuntimeReport {
    match onnx_runtime::load() {
        Ok(loaded) => RuntimeReport { in_use: loaded.to_string(), onnx_runtime: true, broken: loaded.broken.clone() },
        Err(why) => {
            RuntimeReport { in_use: Runtime::BuiltIn.to_string(), onnx_runtime: false, broken: why.broken.clone() }
        }
    }
}
