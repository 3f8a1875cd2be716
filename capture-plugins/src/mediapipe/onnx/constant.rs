//! Converts constants to ONNX's order of axes.

use super::Fault;
use crate::mediapipe::tflite::{Element, Tensor};

/// A constant as stored in the file.
#[derive(Clone, Copy)]
pub(super) struct Constant<'a> {
    pub(super) shape: &'a [usize],
    pub(super) element: Element,
    pub(super) data: &'a [u8],
}

/// The form to convert a constant to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// Unchanged.
    Same,
    /// Filters [out, height, width, in] to [out, in, height, width].
    Filter,
    /// Depthwise filters [1, height, width, channels] to [channels, 1, height, width].
    Depthwise,
    /// 1 x 1 filters [out, 1, 1, in] to the right-hand matrix [in, out].
    Matrix,
    /// One number for each channel, [channels] or [1, 1, channels], to [channels, 1, 1].
    Channels,
}

impl<'a> Constant<'a> {
    pub(super) fn of(tensor: &'a Tensor<'a>) -> Option<Self> {
        Some(Self { shape: &tensor.shape, element: tensor.element, data: tensor.data? })
    }

    /// Whether all numbers are at most 1; false if unknown.
    pub(super) fn is_at_most_one(&self) -> bool {
        match self.element {
            Element::F32 => self.data.as_chunks().0.iter().all(|bytes| f32::from_le_bytes(*bytes) <= 1.0),
            // Half-precision bits are ordered like the numbers; a sign bit makes them negative.
            Element::F16 => self.data.as_chunks().0.iter().all(|bytes| {
                let bits = u16::from_le_bytes(*bytes);
                bits <= 0x3C00 || (0x8000..=0xFC00).contains(&bits)
            }),
            Element::I32 => false,
        }
    }

    /// The shape in another form, or an error if this constant's shape does not allow it.
    pub(super) fn shape_as(&self, form: Form) -> Result<Vec<usize>, Fault> {
        Ok(match (form, self.shape) {
            (Form::Same, shape) => shape.to_vec(),
            (Form::Filter, &[out, height, width, inner]) => vec![out, inner, height, width],
            (Form::Depthwise, &[1, height, width, channels]) => vec![channels, 1, height, width],
            (Form::Matrix, &[out, 1, 1, inner]) => vec![inner, out],
            (Form::Channels, []) => vec![1, 1, 1],
            (Form::Channels, [ones @ .., channels]) if ones.iter().all(|&axis| axis == 1) => vec![*channels, 1, 1],
            _ => return Err("has a constant of an unexpected shape"),
        })
    }

    /// The bytes in another form, which [`Self::shape_as`] has accepted.
    pub(super) fn data_as(&self, form: Form) -> Vec<u8> {
        match (form, self.shape) {
            // In both forms the last axis moves to the front and the rest keeps its order.
            (Form::Depthwise | Form::Matrix, &[out, height, width, inner]) => {
                self.transposed(1, out * height * width, inner)
            }
            (Form::Filter, &[out, height, width, inner]) => self.transposed(out, height * width, inner),
            _ => self.data.to_vec(),
        }
    }

    /// Transposes each of `count` matrices of `rows` x `columns`.
    fn transposed(&self, count: usize, rows: usize, columns: usize) -> Vec<u8> {
        let size = self.element.size();
        let mut transposed = Vec::with_capacity(self.data.len());
        for matrix in 0..count {
            for column in 0..columns {
                for row in 0..rows {
                    let at = ((matrix * rows + row) * columns + column) * size;
                    transposed.extend(&self.data[at..at + size]);
                }
            }
        }
        transposed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_move_before_rows_and_columns() {
        let data: Vec<u8> = (0..24).flat_map(|number: u16| number.to_le_bytes()).collect();
        let numbers = |bytes: Vec<u8>| bytes.chunks(2).map(|pair| pair[0]).collect::<Vec<_>>();
        let filter = Constant { shape: &[2, 2, 2, 3], element: Element::F16, data: &data };
        assert_eq!(filter.shape_as(Form::Filter), Ok(vec![2, 3, 2, 2]));
        assert_eq!(numbers(filter.data_as(Form::Filter))[..8], [0, 3, 6, 9, 1, 4, 7, 10]);
        assert!(filter.shape_as(Form::Depthwise).is_err() && filter.shape_as(Form::Channels).is_err());
        let depthwise = Constant { shape: &[1, 2, 4, 3], ..filter };
        assert_eq!(depthwise.shape_as(Form::Depthwise), Ok(vec![3, 1, 2, 4]));
        assert_eq!(numbers(depthwise.data_as(Form::Depthwise))[..9], [0, 3, 6, 9, 12, 15, 18, 21, 1]);
        let matrix = Constant { shape: &[4, 1, 1, 6], ..filter };
        assert_eq!(matrix.shape_as(Form::Matrix), Ok(vec![6, 4]));
        assert_eq!(numbers(matrix.data_as(Form::Matrix))[..5], [0, 6, 12, 18, 1]);
    }

    #[test]
    fn numbers_above_one_are_detected_in_both_precisions() {
        let halves = |bits: [u16; 2]| bits.into_iter().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let at_most_one = |element, data: &[u8]| Constant { shape: &[2], element, data }.is_at_most_one();
        // 1 and -2; 1.001 and 0; NaN and 0.
        for (bits, expected) in [([0x3C00, 0xC000], true), ([0x3C01, 0], false), ([0x7E00, 0], false)] {
            assert_eq!(at_most_one(Element::F16, &halves(bits)), expected, "{bits:?}");
        }
        for (number, expected) in [(1.0_f32, true), (-7.0, true), (1.001, false), (f32::NAN, false)] {
            assert_eq!(at_most_one(Element::F32, &number.to_le_bytes()), expected, "{number}");
        }
    }
}
