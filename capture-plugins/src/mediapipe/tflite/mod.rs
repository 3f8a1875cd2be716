//! Reading a network of TensorFlow Lite's: a [`Graph`] of tensors and operations, with the constants left in the file.
//!
//! Only what the face landmarker's networks hold is understood (`TRACKER.md` §8): one subgraph, static shapes, no
//! quantisation but half precision. Whatever the bytes are, time and memory stay in proportion to the file.

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
    /// Other bytes at the beginning.
    #[error("is not a TensorFlow Lite model (the identifier TFL3 is missing)")]
    Identifier,
    /// It ends before it should.
    #[error(transparent)]
    OutOfFile(#[from] OutOfFile),
    /// A part that every network has.
    #[error("has no {0}")]
    Missing(&'static str),
    /// More than any network of this kind has.
    #[error("has {count} {what}, at most {most} can be")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        most: usize,
    },
    /// An index that means nothing.
    #[error("names {what} number {index}, of {count}")]
    Index {
        /// Of what.
        what: &'static str,
        /// The number.
        index: i64,
        /// How many there are.
        count: usize,
    },
    /// A tensor of another kind of element.
    #[error("has a tensor of element type {0}; float32, float16 and int32 are understood")]
    Element(u8),
    /// A shape that no tensor has.
    #[error("has a tensor with an impossible shape")]
    Shape,
    /// A constant whose bytes do not fit its shape.
    #[error("has a constant of {bytes} bytes whose shape needs {needed}")]
    Constant {
        /// What it has.
        bytes: usize,
        /// What it should have.
        needed: usize,
    },
    /// An operation that the face landmarker does not use.
    #[error("uses operation number {0}, which is not understood; is it another network, or a newer one?")]
    Operation(i32),
    /// A way of an operation that the face landmarker does not use.
    #[error("operation number {operation} asks for {what} ({value}) that is not understood")]
    Option {
        /// Of which operation.
        operation: i32,
        /// What is asked for.
        what: &'static str,
        /// How it is written.
        value: i32,
    },
}

/// A network: tensors, and the operations between them in an order in which they can be done.
#[derive(Clone, Debug)]
pub struct Graph<'a> {
    /// All tensors.
    pub tensors: Vec<Tensor<'a>>,
    /// Which tensors are given from outside.
    pub inputs: Vec<usize>,
    /// Which tensors are the result.
    pub outputs: Vec<usize>,
    /// What is done.
    pub operators: Vec<Operator>,
}

/// A tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor<'a> {
    /// Lengths of its axes; a picture is [1, height, width, channels].
    pub shape: Vec<usize>,
    /// What it holds.
    pub element: Element,
    /// A constant's bytes, row-major, little-endian: as many as the shape needs.
    pub data: Option<&'a [u8]>,
}

/// Kinds of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// 32-bit float.
    F32,
    /// 16-bit float.
    F16,
    /// 32-bit integer.
    I32,
}

/// An operation on tensors, which are named by their index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// What is done.
    pub kind: Kind,
    /// To which tensors; one may be left out.
    pub inputs: Vec<Option<usize>>,
    /// What comes of it.
    pub output: usize,
}

/// The most tensors, and the most operations, there may be. The largest of the three networks has 721 and 439.
const MOST: usize = 4096;
/// The most tensors an operation may take, and the most that may go in or out of a network.
const MOST_OPERANDS: usize = 16;
/// The most axes there may be.
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
    /// Bytes of one.
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

/// An operation's number is in the later field, except for small ones in files of before that one.
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
    /// How many numbers it holds; none where no machine could.
    fn count(&self) -> Option<usize> {
        self.shape.iter().try_fold(1_usize, |count, &axis| count.checked_mul(axis))
    }

    /// A constant's whole numbers; none where it is no constant, or holds others.
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
