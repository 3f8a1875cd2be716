//! The operations that the three networks use, and how to read their options.
//!
//! The codes of operations and the numbers of fields are those of schema version 3 of TensorFlow Lite (`tensorflow/lite/schema/schema.fbs`, Apache-2.0).

use super::{TfliteError, flat::Table};

/// An operation and its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Converts half-precision constants to float32.
    Dequantize,
    /// A convolution.
    Conv {
        /// Whether each channel has its own filter.
        depthwise: bool,
        /// Its strides and padding.
        window: Window,
        /// The dilation, [vertical, horizontal].
        dilation: [usize; 2],
        /// The activation applied to the result.
        activation: Activation,
    },
    /// The maximum of each window.
    MaxPool {
        /// Its strides and padding.
        window: Window,
        /// Height and width.
        size: [usize; 2],
    },
    /// Pads a tensor with zeros; the second input says how many.
    Pad,
    /// A leaky rectifier; the second input is the slope of each channel.
    PRelu,
    /// An element-wise operation on two tensors.
    Binary(Binary, Activation),
    /// An element-wise operation on one tensor.
    Unary(Unary),
    /// The mean or the sum over the axes in the second input.
    Reduce {
        /// Whether to compute the mean rather than the sum.
        mean: bool,
        /// Whether to keep the axes, with length 1.
        keep: bool,
    },
    /// Changes the shape to the output's.
    Reshape,
    /// Concatenates tensors.
    Concat {
        /// The axis; negative ones count from the end.
        axis: i32,
    },
    /// Permutes the axes as the second input says.
    Transpose,
    /// A part of a tensor. The inputs are begin, end and step of each axis; the masks have one bit for each axis.
    Slice {
        /// Axes whose begin is ignored.
        begin_mask: u32,
        /// Axes whose end is ignored.
        end_mask: u32,
        /// Axes that are removed, taking one index of them.
        shrink_mask: u32,
    },
}

/// Operations on two tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// The sum.
    Add,
    /// The difference.
    Sub,
    /// The product.
    Mul,
    /// The quotient.
    Div,
    /// The square of the difference.
    SquaredDifference,
}

/// Operations on one tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// The rectifier.
    Relu,
    /// The logistic function.
    Logistic,
    /// The square root.
    Sqrt,
    /// The reciprocal of the square root.
    Rsqrt,
    /// The negation.
    Neg,
}

/// Activations applied to an operation's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// No activation.
    None,
    /// The rectifier.
    Relu,
}

/// How a window moves over a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Whether the edges are padded so that every step has a result (`SAME`) or not at all (`VALID`).
    pub same: bool,
    /// The strides, [vertical, horizontal].
    pub stride: [usize; 2],
}

impl Kind {
    /// The operation with this code and these options.
    pub(super) fn read(code: i32, options: Option<Table<'_>>) -> Result<Self, TfliteError> {
        let options = Options { code, table: options };
        Ok(match code {
            0 => options.binary(Binary::Add)?,
            2 => {
                options.no_activation(1)?;
                Self::Concat { axis: options.integer(0, 0)? }
            }
            3 => options.conv(false, 4)?,
            4 => options.conv(true, 5)?,
            6 => Self::Dequantize,
            14 => Self::Unary(Unary::Logistic),
            17 => {
                options.no_activation(5)?;
                Self::MaxPool { window: options.window()?, size: [options.positive(4, 0)?, options.positive(3, 0)?] }
            }
            18 => options.binary(Binary::Mul)?,
            19 => Self::Unary(Unary::Relu),
            22 => Self::Reshape,
            34 => Self::Pad,
            39 => Self::Transpose,
            40 | 74 => Self::Reduce { mean: code == 40, keep: options.flag(0)? },
            41 => options.binary(Binary::Sub)?,
            42 => options.binary(Binary::Div)?,
            45 => options.slice()?,
            54 => Self::PRelu,
            59 => Self::Unary(Unary::Neg),
            75 => Self::Unary(Unary::Sqrt),
            76 => Self::Unary(Unary::Rsqrt),
            99 => Self::Binary(Binary::SquaredDifference, Activation::None),
            _ => return Err(TfliteError::Operation(code)),
        })
    }
}

/// An operation's options; all have their defaults if the table is absent.
struct Options<'a> {
    code: i32,
    table: Option<Table<'a>>,
}

impl Options<'_> {
    /// The greatest accepted stride, window size or dilation in pixels.
    const LONGEST: i32 = 1 << 12;

    fn integer(&self, field: usize, default: i32) -> Result<i32, TfliteError> {
        Ok(self.table.as_ref().map_or(Ok(default), |table| table.i32(field, default))?)
    }

    fn byte(&self, field: usize) -> Result<u8, TfliteError> {
        Ok(self.table.as_ref().map_or(Ok(0), |table| table.byte(field))?)
    }

    fn flag(&self, field: usize) -> Result<bool, TfliteError> {
        Ok(self.byte(field)? != 0)
    }

    fn positive(&self, field: usize, default: i32) -> Result<usize, TfliteError> {
        let value = self.integer(field, default)?;
        if (1..=Self::LONGEST).contains(&value) { Ok(value as usize) } else { Err(self.unsupported("a length", value)) }
    }

    fn mask(&self, field: usize) -> Result<u32, TfliteError> {
        Ok(self.integer(field, 0)?.cast_unsigned())
    }

    fn unsupported(&self, what: &'static str, value: i32) -> TfliteError {
        TfliteError::Option { operation: self.code, what, value }
    }

    fn activation(&self, field: usize) -> Result<Activation, TfliteError> {
        match self.byte(field)? {
            0 => Ok(Activation::None),
            1 => Ok(Activation::Relu),
            other => Err(self.unsupported("an activation", other.into())),
        }
    }

    fn no_activation(&self, field: usize) -> Result<(), TfliteError> {
        match self.byte(field)? {
            0 => Ok(()),
            other => Err(self.unsupported("an activation", other.into())),
        }
    }

    fn binary(&self, of: Binary) -> Result<Kind, TfliteError> {
        Ok(Kind::Binary(of, self.activation(0)?))
    }

    fn window(&self) -> Result<Window, TfliteError> {
        let same = match self.byte(0)? {
            0 => true,
            1 => false,
            other => return Err(self.unsupported("a padding", other.into())),
        };
        Ok(Window { same, stride: [self.positive(2, 0)?, self.positive(1, 0)?] })
    }

    /// `dilation` is the field of the horizontal dilation; the activation precedes it and the vertical dilation follows.
    fn conv(&self, depthwise: bool, dilation: usize) -> Result<Kind, TfliteError> {
        Ok(Kind::Conv {
            depthwise,
            window: self.window()?,
            activation: self.activation(dilation - 1)?,
            dilation: [self.positive(dilation + 1, 1)?, self.positive(dilation, 1)?],
        })
    }

    fn slice(&self) -> Result<Kind, TfliteError> {
        for (field, what) in [(2, "an ellipsis"), (3, "a new axis")] {
            let mask = self.integer(field, 0)?;
            if mask != 0 {
                return Err(self.unsupported(what, mask));
            }
        }
        Ok(Kind::Slice { begin_mask: self.mask(0)?, end_mask: self.mask(1)?, shrink_mask: self.mask(4)? })
    }
}
