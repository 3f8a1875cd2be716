//! Builds an ONNX model (field numbers from `onnx/onnx.proto3` of github.com/onnx/onnx, Apache-2.0).

use std::collections::BTreeSet;

use super::{Fault, long, protobuf::Message};
use crate::mediapipe::tflite::Element;

/// The operator set version. Later ones make the axes of `ReduceMean` an input.
const OPSET: i64 = 13;
/// The format version. That operator set requires 7; every runtime since 2021 reads 8.
const IR_VERSION: i64 = 8;
/// The greatest total size of a model's constants in bytes. The face landmarker's have 3 MB; without a limit, a file
/// whose tensors share their bytes could use up all memory.
const LIMIT: usize = 64 << 20;

/// ONNX's codes for element types.
const FLOAT: i64 = 1;
const INT64: i64 = 7;
const FLOAT16: i64 = 10;

/// A model under construction: nodes in order, and constants.
#[derive(Default)]
pub(super) struct Model {
    graph: Message,
    constants: Message,
    names: BTreeSet<String>,
    bytes: usize,
}

/// A node's attribute.
pub(super) enum Attribute<'a> {
    Integer(&'a str, i64),
    Integers(&'a str, &'a [i64]),
}

impl Model {
    /// Adds a node.
    pub(super) fn node(&mut self, operator: &str, inputs: &[&str], output: &str, attributes: &[Attribute<'_>]) {
        let node = Message::default().texts(1, inputs.iter().copied()).text(2, output).text(4, operator);
        let node = attributes.iter().fold(node, |node, attribute| node.message(5, &attribute.message()));
        self.graph.add(1, &node);
    }

    /// Adds a float constant, which becomes float32, unless it was added before.
    pub(super) fn constant(
        &mut self,
        name: &str,
        shape: &[usize],
        element: Element,
        data: impl FnOnce() -> Vec<u8>,
    ) -> Result<(), Fault> {
        if !self.names.insert(name.to_owned()) {
            return Ok(());
        }
        let shape = shape.iter().map(|&axis| long(axis));
        match element {
            Element::F32 => self.initializer(name, shape, FLOAT, &data()),
            Element::F16 => {
                let half = format!("{name}_h");
                self.initializer(&half, shape, FLOAT16, &data())?;
                self.node("Cast", &[&half], name, &[Attribute::Integer("to", FLOAT)]);
                Ok(())
            }
            Element::I32 => Err("calculates with integers"),
        }
    }

    /// Adds a constant of integers, such as a shape.
    pub(super) fn integers(&mut self, name: &str, values: &[i64]) -> Result<(), Fault> {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, [long(values.len())].into_iter(), INT64, &data)
    }

    fn initializer(
        &mut self,
        name: &str,
        shape: impl Iterator<Item = i64>,
        kind: i64,
        data: &[u8],
    ) -> Result<(), Fault> {
        self.bytes += data.len();
        if self.bytes > LIMIT {
            return Err("brings the constants above 64 MB");
        }
        let tensor = Message::default().integers(1, shape).integer(2, kind).text(8, name).bytes(9, data);
        self.constants.add(5, &tensor);
        Ok(())
    }

    /// Declares a float32 input.
    pub(super) fn input(&mut self, name: &str, shape: &[usize]) {
        self.graph.add(11, &port(name, shape));
    }

    /// Declares a float32 output.
    pub(super) fn output(&mut self, name: &str, shape: &[usize]) {
        self.graph.add(12, &port(name, shape));
    }

    /// The bytes of the finished file.
    pub(super) fn finish(mut self, name: &str) -> Vec<u8> {
        self.graph.append(&self.constants);
        let opset = Message::default().text(1, "").integer(2, OPSET);
        let graph = self.graph.text(2, name);
        let model = Message::default().integer(1, IR_VERSION).text(2, "bunraku");
        model.message(7, &graph).message(8, &opset).into_bytes()
    }
}

impl Attribute<'_> {
    fn message(&self) -> Message {
        const INT: i64 = 2;
        const INTS: i64 = 7;
        match *self {
            Self::Integer(name, value) => Message::default().text(1, name).integer(3, value).integer(20, INT),
            Self::Integers(name, values) => {
                Message::default().text(1, name).integers(8, values.iter().copied()).integer(20, INTS)
            }
        }
    }
}

fn port(name: &str, shape: &[usize]) -> Message {
    let axes = shape.iter().map(|&axis| Message::default().integer(1, long(axis)));
    let shape = axes.fold(Message::default(), |shape, axis| shape.message(1, &axis));
    let tensor = Message::default().integer(1, FLOAT).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}
