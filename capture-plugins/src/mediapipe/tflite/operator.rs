//! The operations of the three networks, and where a file keeps what they need to know.
//!
//! Numbers of operations and fields: schema version 3 of TensorFlow Lite (`tensorflow/lite/schema/schema.fbs`, Apache-2.0).

use super::{TfliteError, flat::Table};

/// An operation and its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Half-precision constants to float32.
    Dequantize,
    /// A convolution; `depthwise` ones have a filter a channel.
    Conv {
        /// Whether each channel has its own filter.
        depthwise: bool,
        /// How it steps, and what lies beyond the edges.
        window: Window,
        /// Steps between the taps, [vertical, horizontal].
        dilation: [usize; 2],
        /// What is done to the result.
        activation: Activation,
    },
    /// The greatest of each window.
    MaxPool {
        /// How it steps, and what lies beyond the edges.
        window: Window,
        /// Height and width.
        size: [usize; 2],
    },
    /// Zeros around a tensor; how many is its second input.
    Pad,
    /// A leaky rectifier with a slope a channel, its second input.
    PRelu,
    /// Element by element, of two tensors.
    Binary(Binary, Activation),
    /// Element by element, of one.
    Unary(Unary),
    /// The mean or the sum over some axes, its second input.
    Reduce {
        /// The mean, otherwise the sum.
        mean: bool,
        /// Whether the axes stay, with a length of 1.
        keep: bool,
    },
    /// The same numbers in another shape: the output's.
    Reshape,
    /// Tensors one after the other.
    Concat {
        /// Along which axis; from the end where negative.
        axis: i32,
    },
    /// Axes in another order, its second input.
    Transpose,
    /// A part of a tensor: begin, end and step of each axis are its inputs. A bit an axis says what of it is meant.
    Slice {
        /// Where the axis begins at its beginning.
        begin_mask: u32,
        /// Where the axis ends at its end.
        end_mask: u32,
        /// Where the axis goes, one index of it being taken.
        shrink_mask: u32,
    },
}

/// Operations on two tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// Their sum.
    Add,
    /// Their difference.
    Sub,
    /// Their product.
    Mul,
    /// Their quotient.
    Div,
    /// Their difference, squared.
    SquaredDifference,
}

/// Operations on one tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// The rectifier.
    Relu,
    /// The logistic function.
    Logistic,
    /// The root.
    Sqrt,
    /// One over the root.
    Rsqrt,
    /// The number with the other sign.
    Neg,
}

/// What is done to an operation's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// The rectifier.
    Relu,
}

/// How a window goes over a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Whether the edges are filled up so that every step has a result (`SAME`), or not at all (`VALID`).
    pub same: bool,
    /// Steps, [vertical, horizontal].
    pub stride: [usize; 2],
}

impl Kind {
    /// The operation numbered `code`, with `options` as the file has them.
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

/// An operation's options, all at their defaults where the file has none.
struct Options<'a> {
    code: i32,
    table: Option<Table<'a>>,
}

impl Options<'_> {
    /// The longest step, window or distance between taps there may be, in pixels.
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
        if (1..=Self::LONGEST).contains(&value) { Ok(value as usize) } else { Err(self.refused("a length", value)) }
    }

    fn mask(&self, field: usize) -> Result<u32, TfliteError> {
        Ok(self.integer(field, 0)?.cast_unsigned())
    }

    fn refused(&self, what: &'static str, value: i32) -> TfliteError {
        TfliteError::Option { operation: self.code, what, value }
    }

    fn activation(&self, field: usize) -> Result<Activation, TfliteError> {
        match self.byte(field)? {
            0 => Ok(Activation::None),
            1 => Ok(Activation::Relu),
            other => Err(self.refused("an activation", other.into())),
        }
    }

    fn no_activation(&self, field: usize) -> Result<(), TfliteError> {
        match self.byte(field)? {
            0 => Ok(()),
            other => Err(self.refused("an activation", other.into())),
        }
    }

    fn binary(&self, of: Binary) -> Result<Kind, TfliteError> {
        Ok(Kind::Binary(of, self.activation(0)?))
    }

    fn window(&self) -> Result<Window, TfliteError> {
        let same = match self.byte(0)? {
            0 => true,
            1 => false,
            other => return Err(self.refused("a padding", other.into())),
        };
        Ok(Window { same, stride: [self.positive(2, 0)?, self.positive(1, 0)?] })
    }

    /// `dilation` is the field of the horizontal one; the activation's is before it, the vertical one's after.
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
                return Err(self.refused(what, mask));
            }
        }
        Ok(Kind::Slice { begin_mask: self.mask(0)?, end_mask: self.mask(1)?, shrink_mask: self.mask(4)? })
    }
}
