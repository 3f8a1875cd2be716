//! Converts networks to ONNX: opset 13, float32, with half-precision weights behind a `Cast` that every runtime folds
//! when loading (`TRACKER.md` §1 and §8).
//!
//! Pictures are [1, channels, height, width] in ONNX and [1, height, width, channels] in TensorFlow Lite; tensors with
//! fewer axes keep their shape.

mod constant;
mod converter;
mod model;
mod operations;
mod picture;
mod protobuf;

use super::tflite::Graph;
use converter::Converter;
use thiserror::Error;

/// What is wrong with an operation, as a predicate.
type Fault = &'static str;

/// A length as ONNX stores it; lengths are bounded and always fit.
fn long(length: usize) -> i64 {
    length.cast_signed() as i64
}

/// Why a network cannot be converted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertError {
    /// An operation is not one that the face landmarker uses.
    #[error("its operation number {index} {what}: it may be another network, or a newer version")]
    Operation {
        /// Its index.
        index: usize,
        /// What is wrong, as a predicate.
        what: &'static str,
    },
    /// An input or output is not as expected.
    #[error("its {port} {what}: it may be another network, or a newer version")]
    Port {
        /// Its expected name.
        port: &'static str,
        /// What is wrong, as a predicate.
        what: &'static str,
    },
}

/// A network's inputs and outputs, in ONNX's order of axes.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    /// The network's name.
    pub name: &'static str,
    /// The only input.
    pub input: Port,
    /// The outputs, in the network's order.
    pub outputs: &'static [Port],
}

/// An input or an output.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    /// Its name.
    pub name: &'static str,
    /// Its shape; outputs are reshaped to it if necessary.
    pub shape: &'static [usize],
}

/// Converts a network to an ONNX file with the inputs and outputs of `interface`.
///
/// # Errors
/// The network contains something that the face landmarker's networks do not; see [`ConvertError`].
pub fn convert(graph: &Graph<'_>, interface: &Interface) -> Result<Vec<u8>, ConvertError> {
    let fault = |port: Port| move |what| ConvertError::Port { port: port.name, what };
    let mut converter = Converter::new(graph);
    converter.input(interface.input).map_err(fault(interface.input))?;
    for (index, operator) in graph.operators.iter().enumerate() {
        converter.convert(operator).map_err(|what| ConvertError::Operation { index, what })?;
    }
    if graph.outputs.len() != interface.outputs.len() {
        let port = interface.outputs.last().map_or("", |port| port.name);
        return Err(ConvertError::Port { port, what: "is missing, or there is another output" });
    }
    for (&tensor, &port) in graph.outputs.iter().zip(interface.outputs) {
        converter.output(tensor, port).map_err(fault(port))?;
    }
    Ok(converter.finish(interface.name))
}
