//! Reads `FlatBuffers` in place, checking every offset against the size of the file.
//!
//! Format: flatbuffers.dev/internals. A table begins with a signed offset back to its list of field positions; strings,
//! vectors and nested tables are stored as offsets forward from where they are written.

use thiserror::Error;

/// An offset or a length points outside the file.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("has an offset at byte {at} that points outside the file, which may be truncated: copy it again")]
pub struct OutOfFile {
    /// Where the offset is, or where it points.
    pub at: usize,
}

type Result<T, E = OutOfFile> = std::result::Result<T, E>;

/// A table in a file.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    file: &'a [u8],
    /// Where it begins.
    at: usize,
    /// Where its list of fields begins, and its length in bytes.
    fields: usize,
    fields_len: usize,
}

/// A vector in a file: its elements' bytes.
#[derive(Clone, Copy)]
pub(super) struct Vector<'a> {
    file: &'a [u8],
    /// Where its first element begins.
    at: usize,
    len: usize,
}

impl<'a> Table<'a> {
    /// The file's root table.
    pub(super) fn root(file: &'a [u8]) -> Result<Self> {
        Self::at(file, follow(file, 0)?)
    }

    fn at(file: &'a [u8], at: usize) -> Result<Self> {
        let back = i32::from_le_bytes(bytes(file, at)?);
        let fields = i64::try_from(at).ok().and_then(|at| usize::try_from(at - i64::from(back)).ok());
        let fields = fields.ok_or(OutOfFile { at })?;
        let fields_len = usize::from(u16::from_le_bytes(bytes(file, fields)?));
        Ok(Self { file, at, fields, fields_len })
    }

    /// The position of field `id`; `None` if it has its default value.
    fn field(&self, id: usize) -> Result<Option<usize>> {
        // The list starts with its own size and the table's.
        let entry = 4 + 2 * id;
        if entry + 2 > self.fields_len {
            return Ok(None);
        }
        let offset = usize::from(u16::from_le_bytes(bytes(self.file, self.fields + entry)?));
        Ok((offset != 0).then_some(self.at + offset))
    }

    /// A byte, 0 by default.
    pub(super) fn byte(&self, id: usize) -> Result<u8> {
        self.field(id)?.map_or(Ok(0), |at| bytes::<1>(self.file, at).map(|[byte]| byte))
    }

    /// An integer.
    pub(super) fn i32(&self, id: usize, default: i32) -> Result<i32> {
        self.field(id)?.map_or(Ok(default), |at| bytes(self.file, at).map(i32::from_le_bytes))
    }

    /// A nested table.
    pub(super) fn table(&self, id: usize) -> Result<Option<Self>> {
        self.field(id)?.map(|at| Self::at(self.file, follow(self.file, at)?)).transpose()
    }

    /// A vector with elements of `element` bytes; empty if absent.
    pub(super) fn vector(&self, id: usize, element: usize) -> Result<Vector<'a>> {
        let Some(at) = self.field(id)? else { return Ok(Vector { file: self.file, at: 0, len: 0 }) };
        let start = follow(self.file, at)?;
        let len = u32::from_le_bytes(bytes(self.file, start)?) as usize;
        let vector = Vector { file: self.file, at: start + 4, len };
        vector.bytes(element).map(|_| vector)
    }
}

impl<'a> Vector<'a> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Its bytes, with elements of `element` bytes.
    pub(super) fn bytes(&self, element: usize) -> Result<&'a [u8]> {
        let end = self.len.checked_mul(element).and_then(|len| self.at.checked_add(len));
        end.and_then(|end| self.file.get(self.at..end)).ok_or(OutOfFile { at: self.at })
    }

    /// Its elements as integers.
    pub(super) fn integers(&self) -> Result<impl Iterator<Item = i32> + 'a> {
        let (elements, _) = self.bytes(4)?.as_chunks();
        Ok(elements.iter().map(|&element| i32::from_le_bytes(element)))
    }

    /// Its elements as tables.
    pub(super) fn tables(self) -> impl Iterator<Item = Result<Table<'a>>> {
        (0..self.len).map(move |index| Table::at(self.file, follow(self.file, self.at + 4 * index)?))
    }
}

/// The target of the offset at `at`.
fn follow(file: &[u8], at: usize) -> Result<usize> {
    let offset = u32::from_le_bytes(bytes(file, at)?) as usize;
    at.checked_add(offset).filter(|&to| to < file.len()).ok_or(OutOfFile { at })
}

fn bytes<const N: usize>(file: &[u8], at: usize) -> Result<[u8; N]> {
    file.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(OutOfFile { at })
}
