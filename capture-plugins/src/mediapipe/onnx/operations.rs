//! Converts operations on any tensor: element-wise ones, reductions and changes of shape.

use super::{
    Fault,
    constant::Form,
    converter::{Computed, Converter, Value, name_of, operand},
    long,
    model::Attribute,
};
use crate::mediapipe::tflite::{Activation, Binary, Operator, Unary};

impl Converter<'_> {
    /// Converts an element-wise operation on two tensors.
    pub(super) fn binary(
        &mut self,
        operator: &Operator,
        binary: Binary,
        activation: Activation,
    ) -> Result<Computed, Fault> {
        let tensors = [operand(operator, 0)?, operand(operator, 1)?];
        let picture = self.are_pictures(tensors)?;
        let first = self.either(tensors[0], picture)?;
        let second = self.either(tensors[1], picture)?;
        let name = match binary {
            Binary::Add => "Add",
            Binary::Sub => "Sub",
            Binary::Mul => "Mul",
            Binary::Div => "Div",
            Binary::SquaredDifference => return Ok(self.squared_difference(operator, &first, &second, picture)),
        };
        Ok(self.activated(operator.output, picture, activation, |model, output| {
            model.node(name, &[&first, &second], output, &[]);
        }))
    }

    fn squared_difference(&mut self, operator: &Operator, first: &str, second: &str, picture: bool) -> Computed {
        let name = name_of(operator.output);
        let difference = format!("{name}_difference");
        self.model.node("Sub", &[first, second], &difference, &[]);
        self.model.node("Mul", &[&difference, &difference], &name, &[]);
        Computed { name, picture }
    }

    /// Whether the tensors, constants aside, are pictures; they must agree.
    fn are_pictures(&self, tensors: [usize; 2]) -> Result<bool, Fault> {
        match tensors.map(|tensor| self.value(tensor)) {
            [Err(fault), _] | [_, Err(fault)] => Err(fault),
            [Ok(Value::Computed(one)), Ok(Value::Computed(other))] if one.picture == other.picture => Ok(one.picture),
            [Ok(Value::Computed(one)), Ok(Value::Constant(_))] | [Ok(Value::Constant(_)), Ok(Value::Computed(one))] => {
                Ok(one.picture)
            }
            _ => Err("combines a picture with something else"),
        }
    }

    /// The name of an operand, adding it first if it is a constant.
    fn either(&mut self, tensor: usize, picture: bool) -> Result<String, Fault> {
        match self.value(tensor)? {
            Value::Computed(computed) => Ok(computed.name.clone()),
            Value::Constant(_) => self.weights(tensor, if picture { Form::Channels } else { Form::Same }),
        }
    }

    /// Converts an element-wise operation on one tensor.
    pub(super) fn unary(&mut self, operator: &Operator, unary: Unary) -> Result<Computed, Fault> {
        let input = self.computed(operand(operator, 0)?)?;
        let name = name_of(operator.output);
        let operation = match unary {
            Unary::Relu => "Relu",
            Unary::Logistic => "Sigmoid",
            Unary::Sqrt => "Sqrt",
            Unary::Neg => "Neg",
            Unary::Rsqrt => {
                let root = format!("{name}_root");
                self.model.node("Sqrt", &[&input.name], &root, &[]);
                self.model.node("Reciprocal", &[&root], &name, &[]);
                return Ok(Computed { name, ..input });
            }
        };
        self.model.node(operation, &[&input.name], &name, &[]);
        Ok(Computed { name, ..input })
    }

    /// Converts a mean or a sum over some axes. In opset 13 the mean's axes are an attribute, the sum's an input.
    pub(super) fn reduce(&mut self, operator: &Operator, mean: bool, keep: bool) -> Result<Computed, Fault> {
        let input = self.plain(operand(operator, 0)?)?;
        let axes = self.integers(operand(operator, 1)?)?;
        let name = name_of(operator.output);
        let keep = Attribute::Integer("keepdims", keep.into());
        if mean {
            self.model.node("ReduceMean", &[&input.name], &name, &[Attribute::Integers("axes", &axes), keep]);
        } else {
            let list = format!("{name}_axes");
            self.model.integers(&list, &axes)?;
            self.model.node("ReduceSum", &[&input.name, &list], &name, &[keep]);
        }
        Ok(Computed { name, picture: false })
    }

    /// Converts a reshape.
    pub(super) fn reshape_to_output(&mut self, operator: &Operator) -> Result<Computed, Fault> {
        let name = name_of(operator.output);
        let rows = self.in_rows(operand(operator, 0)?, &name)?;
        self.reshape(&rows, &name, self.shape(operator.output))?;
        Ok(Computed { name, picture: false })
    }

    /// Converts a concatenation, which may include constants.
    pub(super) fn concat(&mut self, operator: &Operator, axis: i32) -> Result<Computed, Fault> {
        let mut inputs = Vec::new();
        for index in 0..operator.inputs.len() {
            let tensor = operand(operator, index)?;
            inputs.push(match self.value(tensor)? {
                Value::Computed(_) => self.plain(tensor)?.name,
                Value::Constant(_) => self.weights(tensor, Form::Same)?,
            });
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let name = name_of(operator.output);
        self.model.node("Concat", &inputs, &name, &[Attribute::Integer("axis", axis.into())]);
        Ok(Computed { name, picture: false })
    }

    /// Converts a permutation of axes.
    pub(super) fn transpose(&mut self, operator: &Operator) -> Result<Computed, Fault> {
        let input = self.plain(operand(operator, 0)?)?;
        let order = self.integers(operand(operator, 1)?)?;
        let name = name_of(operator.output);
        self.model.node("Transpose", &[&input.name], &name, &[Attribute::Integers("perm", &order)]);
        Ok(Computed { name, picture: false })
    }

    /// Converts a slice; slicing a whole tensor adds nothing.
    pub(super) fn slice(&mut self, operator: &Operator, masks: [u32; 3]) -> Result<Computed, Fault> {
        let tensor = operand(operator, 0)?;
        let mut value = self.plain(tensor)?;
        let mut bounds = [1, 2, 3].map(|index| operand(operator, index).and_then(|list| self.integers(list)));
        let [Ok(begin), Ok(end), Ok(step)] = &mut bounds else { return Err("has no bounds") };
        let parts = parts(self.shape(tensor), [begin, end, step], masks)?;
        let name = name_of(operator.output);
        if !parts.is_empty() {
            let cut = format!("{name}_cut");
            let lists = ["begin", "end", "axes"].map(|list| format!("{cut}_{list}"));
            for (list, values) in lists.iter().zip([0, 1, 2]) {
                self.model.integers(list, &parts.iter().map(|part| part[values]).collect::<Vec<_>>())?;
            }
            let [begin, end, axes] = &lists;
            self.model.node("Slice", &[&value.name, begin, end, axes], &cut, &[]);
            value.name = cut;
        }
        if masks[2] == 0 {
            return Ok(value);
        }
        self.reshape(&value.name, &name, self.shape(operator.output))?;
        Ok(Computed { name, picture: false })
    }
}

/// The axes that are not taken whole, as [begin, end, axis].
fn parts(shape: &[usize], bounds: [&[i64]; 3], masks: [u32; 3]) -> Result<Vec<[i64; 3]>, Fault> {
    let [begin, end, step] = bounds;
    let [begin_mask, end_mask, shrink_mask] = masks;
    if [begin, end, step].iter().any(|list| list.len() != shape.len()) || step.iter().any(|&step| step != 1) {
        return Err("slices in an unsupported way");
    }
    let mut parts = Vec::new();
    for (axis, &length) in shape.iter().enumerate() {
        let (bit, length) = (1 << axis, long(length));
        let from_start = |at: i64| if at < 0 { at.saturating_add(length) } else { at }.clamp(0, length);
        let mut from = if begin_mask & bit == 0 { from_start(begin[axis]) } else { 0 };
        let mut to = if end_mask & bit == 0 { from_start(end[axis]) } else { length };
        if shrink_mask & bit != 0 {
            from = from_start(begin[axis]);
            to = from + 1;
        }
        if (from, to) != (0, length) {
            parts.push([from, to, long(axis)]);
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_covers_only_the_axes_that_are_cut() {
        let cut = |begin: &[i64], end: &[i64], masks| parts(&[1, 97, 64], [begin, end, &[1, 1, 1]], masks);
        assert_eq!(cut(&[0, 0, 0], &[1, 97, 64], [0; 3]), Ok(vec![]));
        assert_eq!(cut(&[0, 1, 5], &[0, 0, 3], [0b111, 0b111, 0]), Ok(vec![]));
        assert_eq!(cut(&[0, 0, 5], &[0, 1, 7], [0b011, 0b001, 0]), Ok(vec![[0, 1, 1], [5, 7, 2]]));
        assert_eq!(cut(&[0, -1, 0], &[0, 9, 0], [0b101, 0b101, 0b010]), Ok(vec![[96, 97, 1]]));
        assert!(parts(&[9], [&[0], &[9], &[2]], [0; 3]).is_err());
        assert!(parts(&[9], [&[0, 0], &[9], &[1]], [0; 3]).is_err());
    }
}
