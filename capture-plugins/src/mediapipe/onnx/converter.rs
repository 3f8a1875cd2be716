//! Walks over a network, keeping track of what each tensor becomes.

use super::{
    Fault, Port,
    constant::{Constant, Form},
    long,
    model::{Attribute, Model},
};
use crate::mediapipe::tflite::{Activation, Graph, Kind, Operator, Tensor};

/// A network being converted.
pub(super) struct Converter<'a> {
    pub(super) graph: &'a Graph<'a>,
    pub(super) model: Model,
    values: Vec<Option<Value>>,
}

/// What a tensor is in the ONNX model.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// The constant with this index, perhaps in another precision.
    Constant(usize),
    /// The output of a node.
    Computed(Computed),
}

/// The output of a node.
#[derive(Clone, Debug)]
pub(super) struct Computed {
    /// Its name.
    pub(super) name: String,
    /// Whether it is a picture, with channels before rows and columns.
    pub(super) picture: bool,
}

impl<'a> Converter<'a> {
    pub(super) fn new(graph: &'a Graph<'a>) -> Self {
        let constant = |(index, tensor): (usize, &Tensor<'_>)| tensor.data.map(|_| Value::Constant(index));
        let values = graph.tensors.iter().enumerate().map(constant).collect();
        Self { graph, model: Model::default(), values }
    }

    pub(super) fn finish(self, name: &str) -> Vec<u8> {
        self.model.finish(name)
    }

    /// Makes the network's input `port`.
    pub(super) fn input(&mut self, port: Port) -> Result<(), Fault> {
        let [tensor] = self.graph.inputs[..] else { return Err("is not the only input") };
        let shape = self.shape(tensor);
        let picture = shape.len() == 4;
        let is_same = match *shape {
            [one, height, width, channels] => port.shape == [one, channels, height, width],
            _ => port.shape == shape,
        };
        if !is_same {
            return Err("has an unexpected shape");
        }
        self.model.input(port.name, port.shape);
        self.define(tensor, Value::Computed(Computed { name: port.name.to_owned(), picture }))
    }

    /// Makes `tensor` the output `port`.
    pub(super) fn output(&mut self, tensor: usize, port: Port) -> Result<(), Fault> {
        let count = |shape: &[usize]| shape.iter().try_fold(1_usize, |count, &axis| count.checked_mul(axis));
        if count(self.shape(tensor)) != count(port.shape) {
            return Err("has an unexpected size");
        }
        let rows = self.in_rows(tensor, port.name)?;
        self.reshape(&rows, port.name, port.shape)?;
        self.model.output(port.name, port.shape);
        Ok(())
    }

    pub(super) fn convert(&mut self, operator: &Operator) -> Result<(), Fault> {
        let output = operator.output;
        match operator.kind {
            Kind::Dequantize => {
                let Value::Constant(constant) = *self.value(operand(operator, 0)?)? else {
                    return Err("changes the precision of something that is not a constant");
                };
                return self.define(output, Value::Constant(constant));
            }
            Kind::Conv { .. } if !self.computed(operand(operator, 0)?)?.picture => self.dense(operator),
            Kind::Conv { .. } => self.conv(operator),
            Kind::MaxPool { window, size } => self.max_pool(operator, window, size),
            Kind::Pad => self.pad(operator),
            Kind::PRelu => self.prelu(operator),
            Kind::Binary(binary, activation) => self.binary(operator, binary, activation),
            Kind::Unary(unary) => self.unary(operator, unary),
            Kind::Reduce { mean, keep } => self.reduce(operator, mean, keep),
            Kind::Reshape => self.reshape_to_output(operator),
            Kind::Concat { axis } => self.concat(operator, axis),
            Kind::Transpose => self.transpose(operator),
            Kind::Slice { begin_mask, end_mask, shrink_mask } => {
                self.slice(operator, [begin_mask, end_mask, shrink_mask])
            }
        }
        .and_then(|computed| self.define(output, Value::Computed(computed)))
    }

    /// The shape of a tensor in the file.
    pub(super) fn shape(&self, tensor: usize) -> &'a [usize] {
        &self.graph.tensors[tensor].shape
    }

    fn define(&mut self, tensor: usize, value: Value) -> Result<(), Fault> {
        let place = &mut self.values[tensor];
        if place.is_some() {
            return Err("computes a tensor that already exists");
        }
        *place = Some(value);
        Ok(())
    }

    pub(super) fn value(&self, tensor: usize) -> Result<&Value, Fault> {
        self.values[tensor].as_ref().ok_or("uses a tensor that has not been computed yet")
    }

    /// The node output that a tensor is.
    pub(super) fn computed(&self, tensor: usize) -> Result<Computed, Fault> {
        match self.value(tensor)? {
            Value::Computed(computed) => Ok(computed.clone()),
            Value::Constant(_) => Err("uses a constant where none is expected"),
        }
    }

    /// As [`Self::computed`], for a tensor that is not a picture.
    pub(super) fn plain(&self, tensor: usize) -> Result<Computed, Fault> {
        let computed = self.computed(tensor)?;
        if computed.picture { Err("uses a picture where none is expected") } else { Ok(computed) }
    }

    /// The constant that a tensor is.
    pub(super) fn constant(&self, tensor: usize) -> Result<(usize, Constant<'a>), Fault> {
        let Value::Constant(constant) = *self.value(tensor)? else {
            return Err("lacks a constant where one is expected");
        };
        let found = Constant::of(&self.graph.tensors[constant]).ok_or("lacks a constant where one is expected")?;
        Ok((constant, found))
    }

    /// The integers of a constant.
    pub(super) fn integers(&self, tensor: usize) -> Result<Vec<i64>, Fault> {
        /// The longest list needed: two for each of a picture's axes.
        const MOST: usize = 16;
        let integers = self.graph.tensors[tensor].integers().ok_or("lacks integers where some are expected")?;
        if integers.len() <= MOST { Ok(integers) } else { Err("uses too many integers") }
    }

    /// Adds a constant in the given form, unless it was added before, and returns its name.
    pub(super) fn weights(&mut self, tensor: usize, form: Form) -> Result<String, Fault> {
        let (index, constant) = self.constant(tensor)?;
        let name = format!("c{index}_{form:?}").to_lowercase();
        self.model.constant(&name, &constant.shape_as(form)?, constant.element, || constant.data_as(form))?;
        Ok(name)
    }

    /// The tensor with its numbers in the file's order, which for a picture is channels last.
    pub(super) fn in_rows(&mut self, tensor: usize, prefix: &str) -> Result<String, Fault> {
        let computed = self.computed(tensor)?;
        match *self.shape(tensor) {
            [_, height, width, _] if computed.picture && height * width > 1 => {
                let name = format!("{prefix}_rows");
                self.model.node("Transpose", &[&computed.name], &name, &[Attribute::Integers("perm", &[0, 2, 3, 1])]);
                Ok(name)
            }
            _ => Ok(computed.name),
        }
    }

    /// Adds a `Reshape` of `input` called `output`.
    pub(super) fn reshape(&mut self, input: &str, output: &str, shape: &[usize]) -> Result<(), Fault> {
        let target = format!("{output}_shape");
        let axes: Vec<i64> = shape.iter().map(|&axis| long(axis)).collect();
        self.model.integers(&target, &axes)?;
        self.model.node("Reshape", &[input, &target], output, &[]);
        Ok(())
    }

    /// Adds an operation, which `add` does under the name it is given, followed by its activation.
    pub(super) fn activated(
        &mut self,
        output: usize,
        picture: bool,
        activation: Activation,
        add: impl FnOnce(&mut Model, &str),
    ) -> Computed {
        let name = name_of(output);
        match activation {
            Activation::None => add(&mut self.model, &name),
            Activation::Relu => {
                let before = format!("{name}_before");
                add(&mut self.model, &before);
                self.model.node("Relu", &[&before], &name, &[]);
            }
        }
        Computed { name, picture }
    }
}

/// The input number `index` of an operation.
pub(super) fn operand(operator: &Operator, index: usize) -> Result<usize, Fault> {
    operator.inputs.get(index).copied().flatten().ok_or("lacks an input")
}

/// The name of a computed tensor.
pub(super) fn name_of(tensor: usize) -> String {
    format!("t{tensor}")
}
