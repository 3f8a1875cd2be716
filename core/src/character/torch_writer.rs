//! Writes a state dict as PyTorch's `.pt`: the mirror of [`torch`](super::torch), so that students made here load in the
//! original programs.

use super::weights::{WEIGHTS_LIMIT, Weights, WeightsError};

/// Where PyTorch aligns its storages, in bytes, so that they can be mapped into memory.
const ALIGNMENT: usize = 64;

/// More than each tensor's headers, names and pickle take.
const OVERHEAD: usize = 1024;

/// The bytes of the file.
pub(super) fn write(weights: &Weights) -> Result<Vec<u8>, WeightsError> {
    let size = weights.0.iter().map(|(name, tensor)| 4 * tensor.values.len() + 4 * name.len() + OVERHEAD).sum();
    if size as u64 > WEIGHTS_LIMIT || weights.0.len() > usize::from(u16::MAX - 3) {
        return Err(WeightsError::TooLarge { bytes: size, limit: WEIGHTS_LIMIT });
    }
    let mut archive = Archive::default();
    archive.add("archive/data.pkl", &pickle(weights));
    archive.add("archive/byteorder", b"little");
    for (key, tensor) in weights.0.values().enumerate() {
        archive.add(&format!("archive/data/{key}"), &tensor.to_bytes());
    }
    archive.add("archive/version", b"3\n");
    Ok(archive.finish())
}

/// The state dict as an `OrderedDict` of tensors, each with a storage of its own (`core/spec/student.md`).
pub(super) fn pickle(weights: &Weights) -> Vec<u8> {
    let mut out = Pickle(vec![0x80, 2]);
    out.empty_ordered_dict().op(b'(');
    for (key, (name, tensor)) in weights.0.iter().enumerate() {
        out.text(name).global("torch._utils", "_rebuild_tensor_v2").op(b'(');
        out.op(b'(').text("storage").global("torch", "FloatStorage").text(&key.to_string()).text("cpu");
        out.int(tensor.values.len()).op(b't').op(b'Q');
        out.int(0).ints(&tensor.shape).ints(&strides(&tensor.shape)).op(0x89);
        out.empty_ordered_dict().op(b't').op(b'R');
    }
    out.op(b'u').op(b'.');
    out.0
}

/// Distances between neighbours along each dimension of a row-major tensor.
fn strides(shape: &[usize]) -> Vec<usize> {
    (1..=shape.len()).map(|after| shape[after..].iter().product()).collect()
}

/// Instructions of pickle protocol 2.
pub(super) struct Pickle(pub(super) Vec<u8>);

impl Pickle {
    pub(super) fn op(&mut self, opcode: u8) -> &mut Self {
        self.0.push(opcode);
        self
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.bytes());
        self
    }

    pub(super) fn global(&mut self, module: &str, name: &str) -> &mut Self {
        self.0.extend(format!("c{module}\n{name}\n").bytes());
        self
    }

    pub(super) fn empty_ordered_dict(&mut self) -> &mut Self {
        self.global("collections", "OrderedDict").op(b')').op(b'R')
    }

    pub(super) fn int(&mut self, value: usize) -> &mut Self {
        self.0.push(b'J');
        // Signed, but the whole file is under the size limit, so no count in it reaches 2^31.
        self.0.extend((value as u32).to_le_bytes());
        self
    }

    pub(super) fn ints(&mut self, values: &[usize]) -> &mut Self {
        self.op(b'(');
        for &value in values {
            self.int(value);
        }
        self.op(b't')
    }
}

/// A zip archive of stored entries (PKWARE APPNOTE 4.3).
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

impl Archive {
    pub(super) fn add(&mut self, name: &str, data: &[u8]) {
        let offset = self.bytes.len() as u32;
        let common = common_header(name, data);
        let padding = padding(self.bytes.len() + 30 + name.len());
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&common);
        self.bytes.extend((padding as u16).to_le_bytes());
        self.bytes.extend(name.bytes());
        // An extra field as PyTorch's own: its name, its length, filling.
        self.bytes.extend(b"FB");
        self.bytes.extend((padding as u16 - 4).to_le_bytes());
        self.bytes.resize(self.bytes.len() + padding - 4, b'Z');
        self.bytes.extend(data);

        self.directory.extend(b"PK\x01\x02\x00\x00");
        self.directory.extend(&common);
        self.directory.extend([0; 12]); // no extra field, no comment, disk 0, no attributes
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.bytes());
        self.count += 1;
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let start = self.bytes.len() as u32;
        self.bytes.extend(&self.directory);
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend([self.count, self.count].map(u16::to_le_bytes).as_flattened());
        self.bytes.extend([self.directory.len() as u32, start].map(u32::to_le_bytes).as_flattened());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}

/// The fields that an entry's local header and its directory record share, up to the name's length.
fn common_header(name: &str, data: &[u8]) -> Vec<u8> {
    /// The name is UTF-8.
    const FLAGS: u16 = 0x800;
    let size = data.len() as u32;
    let short = [0, FLAGS, 0, 0, 0].map(u16::to_le_bytes); // version, flags, stored, no time, no date
    let long = [crate::archive::crc32(data), size, size].map(u32::to_le_bytes);
    [short.as_flattened(), long.as_flattened(), &(name.len() as u16).to_le_bytes()].concat()
}

/// Bytes, at least an empty extra field's four, from `end` to where data may begin.
fn padding(end: usize) -> usize {
    (end + 4).next_multiple_of(ALIGNMENT) - end
}
