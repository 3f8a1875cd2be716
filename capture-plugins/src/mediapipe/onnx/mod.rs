//! Writing a network as ONNX: opset 13, half-precision weights behind a `Cast` that every runtime folds away when it
//! loads, float32 in between (`TRACKER.md` §1 and §8).
//!
//! Pictures go through ONNX as [1, channels, height, width], in TensorFlow Lite as [1, height, width, channels]; tensors
//! of fewer axes stay as they are.

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

/// A length as ONNX writes it; none is so long that it would not fit.
fn long(length: usize) -> i64 {
    length.cast_signed() as i64
}

/// Why a network cannot be converted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertError {
    /// One of its operations is not as the face landmarker's are.
    #[error("its operation number {index} {what}; is it another network, or a newer one?")]
    Operation {
        /// Which, counted from 0.
        index: usize,
        /// What is wrong, as a predicate.
        what: &'static str,
    },
    /// It takes or gives something else.
    #[error("its {port} {what}; is it another network, or a newer one?")]
    Port {
        /// What should be called so.
        port: &'static str,
        /// What is wrong, as a predicate.
        what: &'static str,
    },
}

/// What a network takes and gives, in ONNX's order of axes.
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
    /// How it is called.
    pub name: &'static str,
    /// Lengths of its axes; an output of another shape is reshaped.
    pub shape: &'static [usize],
}

/// The network as an ONNX file with the inputs and outputs of `interface`.
///
/// # Errors
/// See [`ConvertError`]: whatever the face landmarker's networks do not hold.
pub fn convert(graph: &Graph<'_>, interface: &Interface) -> Result<Vec<u8>, ConvertError> {
    let fault = |port: Port| move |what| ConvertError::Port { port: port.name, what };
    let mut converter = Converter::new(graph);
    converter.take(interface.input).map_err(fault(interface.input))?;
    for (index, operator) in graph.operators.iter().enumerate() {
        converter.convert(operator).map_err(|what| ConvertError::Operation { index, what })?;
    }
    if graph.outputs.len() != interface.outputs.len() {
        let port = interface.outputs.last().map_or("", |port| port.name);
        return Err(ConvertError::Port { port, what: "is missing, or there is another output" });
    }
    for (&tensor, &port) in graph.outputs.iter().zip(interface.outputs) {
        converter.give(tensor, port).map_err(fault(port))?;
    }
    Ok(converter.finish(interface.name))
}
