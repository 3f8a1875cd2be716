//! Reads TensorFlow Lite networks into a [`Graph`] of tensors and operations that borrows its constants from the file.
//!
//! It supports what the face landmarker's networks use (`TRACKER.md` §8): one subgraph, static shapes and, of all
//! quantisations, only half precision. Time and memory are bounded by the size of the file, whatever its contents.

mod flat;
mod operator;
#[cfg(test)]
mod tests;

pub use flat::OutOfFile;
pub use operator::{Activation, Binary, Kind, Unary, Window};

use flat::{Table, Vector};
use thiserror::Error;

/// Why a network cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TfliteError {
    /// The identifier is missing.
    #[error("is not a TensorFlow Lite model (the identifier TFL3 is missing)")]
    Identifier,
    /// An offset points outside the file.
    #[error(transparent)]
    OutOfFile(#[from] OutOfFile),
    /// A required part is missing.
    #[error("has no {0}")]
    Missing(&'static str),
    /// There are more of something than in any supported network.
    #[error("has {count} {what}, expected at most {most}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        most: usize,
    },
    /// An index is out of range.
    #[error("refers to {what} number {index} of {count}")]
    Index {
        /// Of what.
        what: &'static str,
        /// The number.
        index: i64,
        /// How many there are.
        count: usize,
    },
    /// A tensor has an unsupported element type.
    #[error("has a tensor of element type {0}, expected float32, float16 or int32")]
    Element(u8),
    /// A tensor's shape is negative or too large.
    #[error("has a tensor with an invalid shape")]
    Shape,
    /// A constant's size does not match its shape.
    #[error("has a constant of {bytes} bytes, but its shape needs {needed}")]
    Constant {
        /// Its size.
        bytes: usize,
        /// The size it needs.
        needed: usize,
    },
    /// The face landmarker does not use this operation.
    #[error("uses the unsupported operation {0}: it may be another network, or a newer version")]
    Operation(i32),
    /// The face landmarker does not use this option of an operation.
    #[error("has an operation {operation} with {what} ({value}) that is not supported")]
    Option {
        /// The operation's code.
        operation: i32,
        /// Which option.
        what: &'static str,
        /// Its value.
        value: i32,
    },
}

/// A network: tensors, and the operations between them in execution order.
#[derive(Clone, Debug)]
pub struct Graph<'a> {
    /// All tensors.
    pub tensors: Vec<Tensor<'a>>,
    /// The input tensors.
    pub inputs: Vec<usize>,
    /// The output tensors.
    pub outputs: Vec<usize>,
    /// The operations.
    pub operators: Vec<Operator>,
}

/// A tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor<'a> {
    /// Its shape; a picture is [1, height, width, channels].
    pub shape: Vec<usize>,
    /// Its element type.
    pub element: Element,
    /// A constant's bytes, row-major and little-endian; their number matches the shape.
    pub data: Option<&'a [u8]>,
}

/// Element types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 32-bit float.
    F32,
    /// 16-bit float.
    F16,
    /// 32-bit integer.
    I32,
}

/// An operation on tensors, which are given by index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The operation and its options.
    pub kind: Kind,
    /// The inputs; optional ones may be absent.
    pub inputs: Vec<Option<usize>>,
    /// The output.
    pub output: usize,
}

/// The most tensors and the most operations accepted; the largest of the three networks has 721 and 439.
const MOST: usize = 4096;
/// The most inputs of an operation, and the most inputs and outputs of a network.
const MOST_OPERANDS: usize = 16;
/// The most axes of a tensor.
const MOST_AXES: usize = 6;
/// The greatest length of an axis.
const LONGEST_AXIS: usize = 1 << 20;

impl<'a> Graph<'a> {
    /// Reads the whole file.
    ///
    /// # Errors
    /// See [`TfliteError`].
    pub fn read(file: &'a [u8]) -> Result<Self, TfliteError> {
        if file.get(4..8) != Some(b"TFL3") {
            return Err(TfliteError::Identifier);
        }
        let model = Table::root(file)?;
        let codes = limited(model.vector(1, 4)?, "kinds of operations", MOST)?.tables().map(|table| code(table?));
        let codes = codes.collect::<Result<Vec<_>, _>>()?;
        let buffers =
            limited(model.vector(4, 4)?, "buffers", MOST)?.tables().map(|table| table?.vector(0, 1)?.bytes(1));
        let buffers = buffers.collect::<Result<Vec<_>, _>>()?;
        let graphs = limited(model.vector(2, 4)?, "subgraphs", 1)?;
        let graph = graphs.tables().next().ok_or(TfliteError::Missing("subgraph"))??;

        let tensors = limited(graph.vector(0, 4)?, "tensors", MOST)?.tables().map(|table| tensor(table?, &buffers));
        let tensors = tensors.collect::<Result<Vec<_>, TfliteError>>()?;
        let operators = limited(graph.vector(3, 4)?, "operations", MOST)?.tables();
        let operators = operators.map(|table| operator(table?, &codes, tensors.len()));
        Ok(Self {
            inputs: indices(graph.vector(1, 4)?, tensors.len())?,
            outputs: indices(graph.vector(2, 4)?, tensors.len())?,
            operators: operators.collect::<Result<_, TfliteError>>()?,
            tensors,
        })
    }
}

impl Element {
    /// The size of one element in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 | Self::I32 => 4,
        }
    }
}

fn limited<'a>(vector: Vector<'a>, what: &'static str, most: usize) -> Result<Vector<'a>, TfliteError> {
    let count = vector.len();
    if count <= most { Ok(vector) } else { Err(TfliteError::TooMany { what, count, most }) }
}

/// An operation's code. Older files store it in an earlier field, where only small codes fit.
fn code(table: Table<'_>) -> Result<i32, TfliteError> {
    Ok(table.i32(3, 0)?.max(table.byte(0)?.cast_signed().into()))
}

fn tensor<'a>(table: Table<'a>, buffers: &[&'a [u8]]) -> Result<Tensor<'a>, TfliteError> {
    let axes = limited(table.vector(0, 4)?, "axes", MOST_AXES)?.integers()?;
    let axes = axes.map(|axis| usize::try_from(axis).ok().filter(|&axis| axis <= LONGEST_AXIS));
    let shape = axes.collect::<Option<Vec<_>>>().ok_or(TfliteError::Shape)?;
    let element = match table.byte(1)? {
        0 => Element::F32,
        1 => Element::F16,
        2 => Element::I32,
        other => return Err(TfliteError::Element(other)),
    };
    let data = buffers[index(table.i32(2, 0)?, "buffer", buffers.len())?];
    let tensor = Tensor { shape, element, data: (!data.is_empty()).then_some(data) };
    let needed = tensor.count().and_then(|count| count.checked_mul(element.size())).ok_or(TfliteError::Shape)?;
    match tensor.data {
        Some(data) if data.len() != needed => Err(TfliteError::Constant { bytes: data.len(), needed }),
        _ => Ok(tensor),
    }
}

impl Tensor<'_> {
    /// How many elements it has; `None` on overflow.
    fn count(&self) -> Option<usize> {
        self.shape.iter().try_fold(1_usize, |count, &axis| count.checked_mul(axis))
    }

    /// The integers of a constant; `None` if it is not a constant or has another element type.
    pub fn integers(&self) -> Option<Vec<i64>> {
        let (data, _) = self.data.filter(|_| self.element == Element::I32)?.as_chunks();
        Some(data.iter().map(|&bytes| i32::from_le_bytes(bytes).into()).collect())
    }
}

fn operator(table: Table<'_>, codes: &[i32], tensors: usize) -> Result<Operator, TfliteError> {
    let code = codes[index(table.i32(0, 0)?, "kind of operation", codes.len())?];
    let outputs = indices(table.vector(2, 4)?, tensors)?;
    let [output] = outputs[..] else { return Err(TfliteError::Missing("single output of an operation")) };
    let inputs = limited(table.vector(1, 4)?, "operands", MOST_OPERANDS)?.integers()?;
    let inputs = inputs.map(|input| if input == -1 { Ok(None) } else { index(input, "tensor", tensors).map(Some) });
    Ok(Operator { kind: Kind::read(code, table.table(4)?)?, inputs: inputs.collect::<Result<_, _>>()?, output })
}

fn indices(vector: Vector<'_>, count: usize) -> Result<Vec<usize>, TfliteError> {
    limited(vector, "operands", MOST_OPERANDS)?.integers()?.map(|number| index(number, "tensor", count)).collect()
}

fn index(number: i32, what: &'static str, count: usize) -> Result<usize, TfliteError> {
    let found = usize::try_from(number).ok().filter(|&index| index < count);
    found.ok_or(TfliteError::Index { what, index: number.into(), count })
}
