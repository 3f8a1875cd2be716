//! Converts operations on pictures: convolutions, pooling, padding and rectifiers.

use super::{
    Fault,
    constant::Form,
    converter::{Computed, Converter, name_of, operand},
    long,
    model::Attribute,
};
use crate::mediapipe::tflite::{Activation, Element, Kind, Operator, Window};

/// The most channels that are padded by a convolution; the face landmarker's pictures have at most 128.
const MOST_CHANNELS: usize = 1024;
/// 1 in half precision.
const ONE_HALF: u16 = 0x3C00;

impl Converter<'_> {
    /// Converts a convolution of a picture.
    pub(super) fn conv(&mut self, operator: &Operator) -> Result<Computed, Fault> {
        let Kind::Conv { depthwise, window, dilation, activation } = operator.kind else {
            return Err("is not a convolution");
        };
        let (picture, [height, width, channels]) = self.picture(operand(operator, 0)?)?;
        let filter = operand(operator, 1)?;
        let &[_, rows, columns, inner] = self.constant(filter)?.1.shape else {
            return Err("has a filter of an unexpected shape");
        };
        if inner != channels {
            return Err("has a filter for another number of channels");
        }
        let form = if depthwise { Form::Depthwise } else { Form::Filter };
        let mut inputs = vec![picture.name, self.weights(filter, form)?];
        if let Some(Some(bias)) = operator.inputs.get(2) {
            inputs.push(self.weights(*bias, Form::Same)?);
        }
        let pads = pads([height, width], [rows, columns], window, dilation);
        let attributes = [
            Attribute::Integer("group", if depthwise { long(channels) } else { 1 }),
            Attribute::Integers("kernel_shape", &[long(rows), long(columns)]),
            Attribute::Integers("strides", &window.stride.map(long)),
            Attribute::Integers("dilations", &dilation.map(long)),
            Attribute::Integers("pads", &pads),
        ];
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        Ok(self.activated(operator.output, true, activation, |model, name| {
            model.node("Conv", &inputs, name, &attributes);
        }))
    }

    /// Converts a convolution of something other than a picture, which is a matrix product over the last axis.
    pub(super) fn dense(&mut self, operator: &Operator) -> Result<Computed, Fault> {
        const ONE: [usize; 2] = [1, 1];
        let Kind::Conv { depthwise: false, window: Window { stride: ONE, .. }, activation, .. } = operator.kind else {
            return Err("is a convolution of something other than a picture");
        };
        let input = self.plain(operand(operator, 0)?)?;
        let matrix = self.weights(operand(operator, 1)?, Form::Matrix)?;
        let Some(Some(bias)) = operator.inputs.get(2) else {
            return Ok(self.activated(operator.output, false, activation, |model, name| {
                model.node("MatMul", &[&input.name, &matrix], name, &[]);
            }));
        };
        let bias = self.weights(*bias, Form::Same)?;
        let product = format!("{}_product", name_of(operator.output));
        self.model.node("MatMul", &[&input.name, &matrix], &product, &[]);
        Ok(self.activated(operator.output, false, activation, |model, name| {
            model.node("Add", &[&product, &bias], name, &[]);
        }))
    }

    /// Converts max pooling.
    pub(super) fn max_pool(
        &mut self,
        operator: &Operator,
        window: Window,
        size: [usize; 2],
    ) -> Result<Computed, Fault> {
        let (picture, [height, width, _]) = self.picture(operand(operator, 0)?)?;
        let pads = pads([height, width], size, window, [1, 1]);
        let attributes = [
            Attribute::Integers("kernel_shape", &size.map(long)),
            Attribute::Integers("strides", &window.stride.map(long)),
            Attribute::Integers("pads", &pads),
        ];
        Ok(self.activated(operator.output, true, Activation::None, |model, name| {
            model.node("MaxPool", &[&picture.name], name, &attributes);
        }))
    }

    /// Converts padding with zeros, around a picture or after its channels.
    pub(super) fn pad(&mut self, operator: &Operator) -> Result<Computed, Fault> {
        let (picture, shape) = self.picture(operand(operator, 0)?)?;
        let [before_one, after_one, top, bottom, left, right, front, behind] =
            *self.integers(operand(operator, 1)?)?.as_array().ok_or("does not pad four axes")?;
        let name = name_of(operator.output);
        let only_behind = [before_one, after_one, top, bottom, left, right, front] == [0; 7];
        if let (true, Ok(behind @ 1..=MOST_CHANNELS)) = (only_behind, usize::try_from(behind)) {
            self.widen(&picture.name, shape[2], behind, &name)?;
            return Ok(Computed { name, picture: true });
        }
        let pads = format!("{name}_pads");
        self.model.integers(&pads, &[before_one, front, top, left, after_one, behind, bottom, right])?;
        // The value defaults to 0.
        self.model.node("Pad", &[&picture.name, &pads], &name, &[]);
        Ok(Computed { name, picture: true })
    }

    /// Adds zeros after `channels` channels by a convolution that copies the picture. Unlike `Pad`, this keeps ONNX
    /// Runtime's blocked layout, for this operation and those that follow.
    fn widen(&mut self, picture: &str, channels: usize, behind: usize, name: &str) -> Result<(), Fault> {
        if channels > MOST_CHANNELS {
            return Err("pads too many channels");
        }
        let filter = format!("{name}_filter");
        let entry = |index: usize| if index / channels == index % channels { ONE_HALF } else { 0_u16 };
        self.model.constant(&filter, &[channels + behind, channels, 1, 1], Element::F16, || {
            (0..(channels + behind) * channels).flat_map(|index| entry(index).to_le_bytes()).collect()
        })?;
        self.model.node("Conv", &[picture, &filter], name, &[Attribute::Integers("kernel_shape", &[1, 1])]);
        Ok(())
    }

    /// Converts a rectifier with a slope for each channel to `a x + (1 - a) Relu(x)`, which keeps ONNX Runtime's blocked
    /// layout where its own `PRelu` is scalar. Slopes may exceed 1, so a maximum would be wrong. If none does, it becomes
    /// `a x + Relu((1 - a) x)`, two of whose steps are fused.
    pub(super) fn prelu(&mut self, operator: &Operator) -> Result<Computed, Fault> {
        let (picture, _) = self.picture(operand(operator, 0)?)?;
        let at_most_one = self.constant(operand(operator, 1)?)?.1.is_at_most_one();
        let slope = self.weights(operand(operator, 1)?, Form::Channels)?;
        let name = name_of(operator.output);
        let [rest, positive, bent, straight] =
            ["rest", "positive", "bent", "straight"].map(|part| format!("{name}_{part}"));
        self.model.constant("one", &[1, 1, 1], Element::F32, || 1_f32.to_le_bytes().into())?;
        self.model.node("Sub", &["one", &slope], &rest, &[]);
        if at_most_one {
            self.model.node("Mul", &[&picture.name, &rest], &positive, &[]);
            self.model.node("Relu", &[&positive], &bent, &[]);
        } else {
            self.model.node("Relu", &[&picture.name], &positive, &[]);
            self.model.node("Mul", &[&positive, &rest], &bent, &[]);
        }
        self.model.node("Mul", &[&picture.name, &slope], &straight, &[]);
        self.model.node("Add", &[&bent, &straight], &name, &[]);
        Ok(Computed { name, picture: true })
    }

    /// A picture with its height, width and channels.
    fn picture(&self, tensor: usize) -> Result<(Computed, [usize; 3]), Fault> {
        let computed = self.computed(tensor)?;
        match *self.shape(tensor) {
            [1, height, width, channels] if computed.picture => Ok((computed, [height, width, channels])),
            _ => Err("uses something other than a picture"),
        }
    }
}

/// The padding, [top, left, bottom, right]. With `SAME` every step has a result, and an odd row or column of padding goes
/// at the end (`TRACKER.md` §8).
fn pads(picture: [usize; 2], window: [usize; 2], how: Window, dilation: [usize; 2]) -> [i64; 4] {
    if !how.same {
        return [0; 4];
    }
    let total = |axis: usize| {
        let [length, size, stride, dilation] =
            [picture[axis], window[axis], how.stride[axis], dilation[axis]].map(long);
        let steps = (length + stride - 1) / stride;
        ((steps - 1) * stride + (size - 1) * dilation + 1 - length).max(0)
    };
    let [rows, columns] = [total(0), total(1)];
    [rows / 2, columns / 2, rows - rows / 2, columns - columns / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_row_of_padding_goes_at_the_end() {
        let how = |same, stride| Window { same, stride };
        assert_eq!(pads([128, 128], [5, 5], how(true, [2, 2]), [1, 1]), [1, 1, 2, 2]);
        assert_eq!(pads([64, 64], [3, 3], how(true, [1, 1]), [1, 1]), [1, 1, 1, 1]);
        assert_eq!(pads([64, 32], [3, 1], how(true, [2, 1]), [1, 1]), [0, 0, 1, 0]);
        assert_eq!(pads([2, 2], [2, 2], how(true, [2, 2]), [1, 1]), [0; 4]);
        assert_eq!(pads([9, 9], [3, 3], how(true, [1, 1]), [2, 2]), [2, 2, 2, 2]);
        assert_eq!(pads([128, 128], [5, 5], how(false, [2, 2]), [1, 1]), [0; 4]);
    }
}
