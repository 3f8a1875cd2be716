//! Who computes the networks: ONNX Runtime where it is installed, otherwise a runtime inside this program.

mod built_in;
mod library;
mod onnx_runtime;

use std::{fmt, path::PathBuf};

/// A network that is ready to run.
pub(crate) trait Network: Send {
    /// Computes the outputs, in the order of the layout, of an input. Lengths are those of the layout.
    fn run(&mut self, input: &[f32], outputs: &mut [&mut [f32]]) -> Result<(), NetworkError>;
}

/// What goes into a network and comes out of it.
#[derive(Debug)]
pub(crate) struct Layout {
    /// What it is, for messages.
    pub(crate) network: &'static str,
    /// The input's extents.
    pub(crate) input: &'static [usize],
    /// The outputs that are used: name and length.
    pub(crate) outputs: &'static [(&'static str, usize)],
}

/// Why a network gave no result.
#[derive(Debug, thiserror::Error)]
#[error("the network `{network}` failed: {why}")]
pub struct NetworkError {
    /// Which network.
    pub network: &'static str,
    /// What the runtime said.
    pub why: String,
}

/// Which runtime is to be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuntimeChoice {
    /// ONNX Runtime if it is found, else the built-in one.
    #[default]
    Auto,
    /// ONNX Runtime.
    Ort,
    /// The one inside this program.
    Rten,
}

/// Why a runtime or a network cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// ONNX Runtime was asked for and is not to be had.
    #[error("ONNX Runtime cannot be used: {0}")]
    NoOnnxRuntime(String),
    /// The model is damaged, or not the one that is expected.
    #[error("the model of the network `{network}` cannot be used: {why}")]
    Model {
        /// Which network.
        network: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// A runtime that is ready to open networks.
pub(crate) enum Runtime {
    OnnxRuntime(&'static onnx_runtime::Loaded),
    BuiltIn,
}

impl Runtime {
    /// Finds the runtime; the first one found serves as long as this program runs.
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

    /// Opens a network, an ONNX model, that may use so many threads.
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

/// What this machine has to compute the networks with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeReport {
    /// The runtime that `auto` takes, and where it was found.
    pub in_use: String,
    /// Whether that is ONNX Runtime.
    pub onnx_runtime: bool,
    /// Libraries that were found and cannot be used: where, and why.
    pub broken: Vec<(PathBuf, String)>,
}

/// Looks which runtime [`RuntimeChoice::Auto`] takes. Loads ONNX Runtime if it is there.
pub fn describe() -> RuntimeReport {
    match onnx_runtime::load() {
        Ok(loaded) => RuntimeReport { in_use: loaded.to_string(), onnx_runtime: true, broken: loaded.broken.clone() },
        Err(why) => {
            RuntimeReport { in_use: Runtime::BuiltIn.to_string(), onnx_runtime: false, broken: why.broken.clone() }
        }
    }
}
