//! Named float tensors, read from and written to weights files.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{archive::ArchiveError, untrusted::shown};

use super::{pickle::PickleError, safetensors, torch, torch_writer};

/// The greatest size of a weights file in bytes. The published students take under 2 MB.
pub const WEIGHTS_LIMIT: u64 = 256 << 20;

/// The most dimensions a tensor may have; a student's have one, two or four.
pub(super) const RANK_LIMIT: usize = 8;

/// A tensor of float32 values, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Size of each dimension.
    pub shape: Vec<usize>,
    /// As many values as the product of the shape.
    pub values: Vec<f32>,
}

impl Tensor {
    /// Reads a `.pt` (PyTorch 1.6 and later) of one float tensor, or of a tuple or list whose first item is one, as
    /// data sets of tensors are saved. Nothing in the file is executed; memory stays within a few times its size. The
    /// values may be anything, including NaN.
    ///
    /// # Errors
    /// [`WeightsError`] when the file is damaged, larger than [`WEIGHTS_LIMIT`], or of another kind.
    pub fn read_torch(bytes: &[u8]) -> Result<Self, WeightsError> {
        if bytes.len() as u64 > WEIGHTS_LIMIT {
            return Err(WeightsError::TooLarge { bytes: bytes.len(), limit: WEIGHTS_LIMIT });
        }
        match bytes {
            [b'P', b'K', ..] => torch::read_first(bytes),
            [0x80, 2, ..] => Err(WeightsError::LegacyTorch),
            _ => Err(WeightsError::UnknownFormat),
        }
    }

    /// The values, little-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

/// The tensors of one network by name, as a state dict holds them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights(pub BTreeMap<String, Tensor>);

/// Why a weights file cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// Neither a zip archive nor a `.safetensors` header.
    #[error("is neither a PyTorch zip archive (.pt) nor a .safetensors file")]
    UnknownFormat,
    /// A bare pickle, as PyTorch before 1.6 wrote.
    #[error("is a .pt of the format before PyTorch 1.6; load it in PyTorch and save it again with torch.save")]
    LegacyTorch,
    /// The file is longer than it may be; [`WEIGHTS_LIMIT`], where nothing else is said.
    #[error("has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        limit: u64,
    },
    /// The zip container of a `.pt` is damaged or not PyTorch's.
    #[error("its zip container is refused: {0}")]
    Archive(#[from] ArchiveError),
    /// A `.pt` with no, or more than one, `<folder>/data.pkl`.
    #[error("its zip container has {0} entries named <folder>/data.pkl, a file of torch.save has one")]
    Roots(usize),
    /// The pickle in a `.pt` is damaged, or wants more than tensors.
    #[error("its data.pkl is refused: {0}")]
    Pickle(#[from] PickleError),
    /// A `.pt` from a machine of the other byte order.
    #[error("is stored in {0} byte order; only little-endian files can be read")]
    ByteOrder(String),
    /// A `.safetensors` header is damaged.
    #[error("its safetensors header is refused: {0}")]
    SafeTensors(String),
    /// A tensor's description does not fit the stored bytes.
    #[error("its tensor {} {what}", shown(name))]
    Tensor {
        /// The tensor's name.
        name: String,
        /// What is wrong, as a predicate.
        what: String,
    },
    /// A name is given twice.
    #[error("names the tensor {} twice", shown(.0))]
    Duplicate(String),
    /// The tensors together would take more memory than the file has bytes.
    #[error("its tensors claim more bytes than the file has")]
    Amplified,
    /// A weight is NaN or infinite.
    #[error("its tensor {} holds {value} at position {index}, which is not a finite number", shown(name))]
    NotFinite {
        /// The tensor's name.
        name: String,
        /// Index of the first such value, row-major.
        index: usize,
        /// The value.
        value: f32,
    },
}

impl Weights {
    /// Reads a `.pt` (PyTorch 1.6 and later) or `.safetensors` file, told apart by its first bytes. Nothing in the file
    /// is executed; memory stays within a few times the file's size.
    ///
    /// # Errors
    /// [`WeightsError`] when the file is damaged, larger than [`WEIGHTS_LIMIT`], holds anything but finite float
    /// tensors, or is of another format.
    pub fn read(bytes: &[u8]) -> Result<Self, WeightsError> {
        Self::read_within(bytes, WEIGHTS_LIMIT)
    }

    /// As [`Weights::read`], of a network that may have up to `limit` bytes.
    ///
    /// # Errors
    /// As [`Weights::read`].
    pub fn read_within(bytes: &[u8], limit: u64) -> Result<Self, WeightsError> {
        let weights = Self::parse(bytes, limit)?;
        let first = weights.not_finite().next();
        first.map_or(Ok(weights), Err)
    }

    /// As [`Weights::read_within`], but leaves it to the caller to ask for the weights that are
    /// [not finite](Self::not_finite).
    pub(super) fn parse(bytes: &[u8], limit: u64) -> Result<Self, WeightsError> {
        if bytes.len() as u64 > limit {
            return Err(WeightsError::TooLarge { bytes: bytes.len(), limit });
        }
        match bytes {
            [b'P', b'K', ..] => torch::read(bytes),
            [0x80, 2, ..] => Err(WeightsError::LegacyTorch),
            [_, _, _, _, _, _, _, _, b'{', ..] => safetensors::read(bytes),
            _ => Err(WeightsError::UnknownFormat),
        }
    }

    /// The bytes of a `.safetensors` file.
    ///
    /// # Errors
    /// A tensor whose values are not as many as its shape says.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, WeightsError> {
        safetensors::write(self)
    }

    /// The bytes of a `.pt`, as `torch.save` would write the state dict; PyTorch 1.6 and later load it.
    ///
    /// # Errors
    /// When it would be larger than [`WEIGHTS_LIMIT`].
    pub fn to_torch(&self) -> Result<Vec<u8>, WeightsError> {
        torch_writer::write(self)
    }

    /// For each tensor that holds NaN or an infinity, the first of them.
    pub(super) fn not_finite(&self) -> impl Iterator<Item = WeightsError> {
        self.0.iter().filter_map(|(name, tensor)| {
            let index = tensor.values.iter().position(|value| !value.is_finite())?;
            Some(WeightsError::NotFinite { name: name.clone(), index, value: tensor.values[index] })
        })
    }

    /// Adds a tensor under a name that must be new.
    pub(super) fn insert(&mut self, name: &str, tensor: Tensor) -> Result<(), WeightsError> {
        match self.0.insert(name.to_owned(), tensor) {
            None => Ok(()),
            Some(_) => Err(WeightsError::Duplicate(name.to_owned())),
        }
    }
}

/// The number formats that are read; all become float32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Half,
    BFloat16,
    Single,
    Double,
}

impl Format {
    /// Bytes of one number.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::Half | Self::BFloat16 => 2,
            Self::Single => 4,
            Self::Double => 8,
        }
    }

    /// Little-endian numbers as float32; bytes beyond the last whole number are left out.
    pub(super) fn decode(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::Half => numbers(bytes, |b| half(u16::from_le_bytes(b))),
            Self::BFloat16 => numbers(bytes, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
            Self::Single => numbers(bytes, f32::from_le_bytes),
            Self::Double => numbers(bytes, |b| f64::from_le_bytes(b) as f32),
        }
    }
}

fn numbers<const N: usize>(bytes: &[u8], decode: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|&chunk| decode(chunk)).collect()
}

/// IEEE 754 binary16 to float32, exactly.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2_f32.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_numbers_are_read_exactly() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x0001, 5.960_464_5e-8), (0x7bff, 65504.0), (0x3555, 0.333_251_95)]
        {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert_eq!(half(0xfc00), f32::NEG_INFINITY);
        assert!(half(0x7e01).is_nan());
    }

    #[test]
    fn a_weight_that_is_not_a_number_is_refused_with_its_name() {
        let tensor = Tensor { shape: vec![2], values: vec![0.5, f32::NAN] };
        let weights = Weights(BTreeMap::from([("last_linear.bias".to_owned(), tensor)]));
        let message = weights.not_finite().next().expect("NaN").to_string();
        assert!(message.contains("`last_linear.bias`") && message.contains("position 1"), "{message}");
    }

    #[test]
    fn other_formats_are_told_apart() {
        assert!(matches!(Weights::read(b""), Err(WeightsError::UnknownFormat)));
        assert!(matches!(Weights::read(b"\x80\x02}."), Err(WeightsError::LegacyTorch)));
    }
}
