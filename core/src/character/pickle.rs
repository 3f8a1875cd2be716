//! The part of Python's pickle, protocol 2, that state dicts and saved tensors need; it builds plain data and runs no code.
//!
//! Values live in one arena and refer to each other by index: depth costs no stack, sharing costs no copies, cycles are
//! harmless, and memory is bounded by the pickle's length. Only the globals in [`Global::named`] exist; all others are
//! refused by name. Opcodes: Python's `pickletools`; tensors: `core/spec/student.md`.

use std::collections::BTreeMap;

use thiserror::Error;

use super::weights::{Format, RANK_LIMIT};
use crate::untrusted::shown;

/// The longest pickle accepted. A published student's has 3 kB.
const LENGTH_LIMIT: usize = 4 << 20;

/// The most tensors accepted. A student has a few dozen; many names for one tensor would take memory that the
/// file does not.
const ITEM_LIMIT: usize = 1024;

/// Why a pickle is refused.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PickleError {
    /// Longer than a state dict can be.
    #[error("it has {0} bytes, a state dict's has a few thousand")]
    TooLong(usize),
    /// More tensors than a student has.
    #[error("it has {0} tensors, a state dict's has a few dozen")]
    TooMany(usize),
    /// It ends within an instruction, or without a stop.
    #[error("it ends too early; the file may be truncated, copy it again")]
    Truncated,
    /// An instruction that no state dict needs.
    #[error("instruction {opcode:#04x} at byte {at} is not one that a state dict needs")]
    Opcode {
        /// The instruction.
        opcode: u8,
        /// Where it is.
        at: usize,
    },
    /// Another protocol.
    #[error("it is of pickle protocol {0}; torch.save writes 2")]
    Protocol(u8),
    /// A Python function or class that is not on the list.
    #[error("it asks for the Python object {}, which is refused and was not run; save the state_dict() alone", shown(.0))]
    Global(String),
    /// An instruction whose operands are missing or of the wrong kind.
    #[error("at byte {at}: {what}")]
    Malformed {
        /// Where the instruction is.
        at: usize,
        /// What it lacks.
        what: &'static str,
    },
}

/// Index of a value in the arena.
type Id = usize;

/// A Python object that a state dict may name.
#[derive(Clone, Copy, Debug)]
enum Global {
    OrderedDict,
    RebuildTensor,
    Storage(Format),
}

impl Global {
    fn named(module: &str, name: &str) -> Result<Self, PickleError> {
        match (module, name) {
            ("collections", "OrderedDict") => Ok(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2") => Ok(Self::RebuildTensor),
            ("torch", "FloatStorage") => Ok(Self::Storage(Format::Single)),
            ("torch", "DoubleStorage") => Ok(Self::Storage(Format::Double)),
            ("torch", "HalfStorage") => Ok(Self::Storage(Format::Half)),
            ("torch", "BFloat16Storage") => Ok(Self::Storage(Format::BFloat16)),
            _ => Err(PickleError::Global(format!("{module}.{name}"))),
        }
    }
}

/// Where a tensor's numbers are stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Storage<'a> {
    /// Number format.
    pub(super) format: Format,
    /// Name of the entry in the archive's `data` folder.
    pub(super) key: &'a str,
    /// Declared count of numbers.
    pub(super) len: usize,
}

/// A tensor as declared; whether its storage holds it is for the reader of the storage to check.
#[derive(Clone, Debug)]
pub(super) struct TensorInfo<'a> {
    pub(super) storage: Storage<'a>,
    /// Index of its first number in the storage.
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    /// Distance between neighbours along each dimension, in numbers.
    pub(super) stride: Vec<usize>,
}

#[derive(Debug)]
enum Value<'a> {
    None,
    Bool,
    Int(i64),
    Text(&'a str),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage(Storage<'a>),
    Tensor(TensorInfo<'a>),
}

/// Reads a pickled state dict: its names and tensors in the file's order. Names may repeat.
pub(super) fn state_dict(pickle: &[u8]) -> Result<Vec<(&str, TensorInfo<'_>)>, PickleError> {
    if pickle.len() > LENGTH_LIMIT {
        return Err(PickleError::TooLong(pickle.len()));
    }
    let mut machine = Machine::new(pickle);
    let root = machine.run()?;
    let Value::Dict(items) = &machine.values[root] else {
        return Err(machine.malformed("the saved object is not a dict of tensors"));
    };
    if items.len() > ITEM_LIMIT {
        return Err(PickleError::TooMany(items.len()));
    }
    let tensor = |&(key, value): &(Id, Id)| match (&machine.values[key], &machine.values[value]) {
        (Value::Text(name), Value::Tensor(info)) => Ok((*name, info.clone())),
        _ => Err(machine.malformed("the saved dict holds something that is not a named tensor")),
    };
    items.iter().map(tensor).collect()
}

/// Reads a pickled tensor, or the first item of a tuple or list, which must be one.
pub(super) fn first_tensor(pickle: &[u8]) -> Result<TensorInfo<'_>, PickleError> {
    if pickle.len() > LENGTH_LIMIT {
        return Err(PickleError::TooLong(pickle.len()));
    }
    let mut machine = Machine::new(pickle);
    let root = machine.run()?;
    let first = match &machine.values[root] {
        Value::Tuple(items) | Value::List(items) => items.first().copied(),
        _ => Some(root),
    };
    match first.map(|id| &machine.values[id]) {
        Some(Value::Tensor(info)) => Ok(info.clone()),
        _ => Err(machine.malformed("the saved object is neither a tensor nor a tuple or list that begins with one")),
    }
}

struct Machine<'a> {
    pickle: &'a [u8],
    /// Next byte to read.
    next: usize,
    /// Where the current instruction began.
    at: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack at the open marks.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
}

impl<'a> Machine<'a> {
    fn new(pickle: &'a [u8]) -> Self {
        let (values, stack, marks, memo) = Default::default();
        Self { pickle, next: 0, at: 0, values, stack, marks, memo }
    }

    fn run(&mut self) -> Result<Id, PickleError> {
        loop {
            self.at = self.next;
            match self.byte()? {
                b'.' => return self.stop(),
                opcode => self.step(opcode)?,
            }
        }
    }

    fn stop(&mut self) -> Result<Id, PickleError> {
        let result = self.pop()?;
        let finished = self.stack.is_empty() && self.marks.is_empty() && self.next == self.pickle.len();
        if finished { Ok(result) } else { Err(self.malformed("it stops with work left over")) }
    }

    /// One instruction. A table: each line is one opcode of protocol 2.
    fn step(&mut self, opcode: u8) -> Result<(), PickleError> {
        match opcode {
            0x80 => return self.protocol(),
            b'(' => self.marks.push(self.stack.len()),
            b'N' => self.push(Value::None),
            0x88 | 0x89 => self.push(Value::Bool),
            b'K' => return self.int(1),
            b'M' => return self.int(2),
            b'J' => return self.int(4),
            0x8a => return self.long(),
            b'X' => return self.text(),
            b')' => self.push(Value::Tuple(Vec::new())),
            0x85..=0x87 => return self.short_tuple(usize::from(opcode - 0x84)),
            b't' => return self.marked_tuple(),
            b']' => self.push(Value::List(Vec::new())),
            b'a' => return self.append(),
            b'e' => return self.append_all(),
            b'}' => self.push(Value::Dict(Vec::new())),
            b's' => return self.set_item(),
            b'u' => return self.set_items(),
            b'q' => return self.put(1),
            b'r' => return self.put(4),
            b'h' => return self.get(1),
            b'j' => return self.get(4),
            b'c' => return self.global(),
            b'Q' => return self.persistent(),
            b'R' => return self.reduce(),
            b'b' => return self.build(),
            _ => return Err(PickleError::Opcode { opcode, at: self.at }),
        }
        Ok(())
    }

    fn malformed(&self, what: &'static str) -> PickleError {
        PickleError::Malformed { at: self.at, what }
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], PickleError> {
        let end = self.next.checked_add(count).ok_or(PickleError::Truncated)?;
        let bytes = self.pickle.get(self.next..end).ok_or(PickleError::Truncated)?;
        self.next = end;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(self.bytes(1)?[0])
    }

    /// An unsigned little-endian number of up to 8 bytes.
    fn number(&mut self, width: usize) -> Result<u64, PickleError> {
        Ok(self.bytes(width)?.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
    }

    fn push(&mut self, value: Value<'a>) {
        self.values.push(value);
        self.stack.push(self.values.len() - 1);
    }

    /// Takes the top of the stack, but nothing from below an open mark.
    fn pop(&mut self) -> Result<Id, PickleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let top = if self.stack.len() > floor { self.stack.pop() } else { None };
        top.ok_or_else(|| self.malformed("an operand is missing"))
    }

    /// Takes all that was pushed since the last mark.
    fn pop_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let mark = self.marks.pop().ok_or_else(|| self.malformed("a mark is missing"))?;
        Ok(self.stack.split_off(mark))
    }

    fn protocol(&mut self) -> Result<(), PickleError> {
        match self.byte()? {
            2 => Ok(()),
            other => Err(PickleError::Protocol(other)),
        }
    }

    /// `BININT` is signed, its shorter forms are not.
    fn int(&mut self, width: usize) -> Result<(), PickleError> {
        let number = self.number(width)?;
        self.push(Value::Int(if width == 4 { i64::from((number as u32).cast_signed()) } else { number.cast_signed() }));
        Ok(())
    }

    fn long(&mut self) -> Result<(), PickleError> {
        let width = usize::from(self.byte()?);
        if width > 8 {
            return Err(self.malformed("a number is too large"));
        }
        let number = self.number(width)?.cast_signed();
        let unused = 64 - 8 * width as u32;
        // Shifting up and back down spreads the sign bit of the shorter number.
        self.push(Value::Int(number.checked_shl(unused).map_or(0, |up| up >> unused)));
        Ok(())
    }

    fn text(&mut self) -> Result<(), PickleError> {
        let length = self.number(4)? as usize;
        let bytes = self.bytes(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.malformed("a text is not UTF-8"))?;
        self.push(Value::Text(text));
        Ok(())
    }

    fn short_tuple(&mut self, count: usize) -> Result<(), PickleError> {
        let mut items = (0..count).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.push(Value::Tuple(items));
        Ok(())
    }

    fn marked_tuple(&mut self) -> Result<(), PickleError> {
        let items = self.pop_mark()?;
        self.push(Value::Tuple(items));
        Ok(())
    }

    /// Adds pairs to the dict on top of the stack.
    fn extend(&mut self, pairs: &[Id]) -> Result<(), PickleError> {
        let error = self.malformed("items are set on something that is not a dict");
        let (pairs, rest) = pairs.as_chunks::<2>();
        match self.stack.last().map(|&top| &mut self.values[top]) {
            Some(Value::Dict(items)) if rest.is_empty() => items.extend(pairs.iter().map(|&[key, value]| (key, value))),
            _ => return Err(error),
        }
        Ok(())
    }

    fn set_item(&mut self) -> Result<(), PickleError> {
        let value = self.pop()?;
        let key = self.pop()?;
        self.extend(&[key, value])
    }

    fn set_items(&mut self) -> Result<(), PickleError> {
        let pairs = self.pop_mark()?;
        self.extend(&pairs)
    }

    /// Adds items to the list on top of the stack.
    fn extend_list(&mut self, added: &[Id]) -> Result<(), PickleError> {
        let error = self.malformed("items are appended to something that is not a list");
        match self.stack.last().map(|&top| &mut self.values[top]) {
            Some(Value::List(items)) => items.extend(added),
            _ => return Err(error),
        }
        Ok(())
    }

    fn append(&mut self) -> Result<(), PickleError> {
        let item = self.pop()?;
        self.extend_list(&[item])
    }

    fn append_all(&mut self) -> Result<(), PickleError> {
        let items = self.pop_mark()?;
        self.extend_list(&items)
    }

    fn put(&mut self, width: usize) -> Result<(), PickleError> {
        let slot = self.number(width)? as u32;
        let top = *self.stack.last().ok_or_else(|| self.malformed("an operand is missing"))?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn get(&mut self, width: usize) -> Result<(), PickleError> {
        let slot = self.number(width)? as u32;
        let id = *self.memo.get(&slot).ok_or_else(|| self.malformed("it recalls what it never stored"))?;
        self.stack.push(id);
        Ok(())
    }

    fn line(&mut self) -> Result<&'a str, PickleError> {
        let rest = &self.pickle[self.next..];
        let length = rest.iter().position(|&byte| byte == b'\n').ok_or(PickleError::Truncated)?;
        self.next += length + 1;
        std::str::from_utf8(&rest[..length]).map_err(|_| self.malformed("a name is not UTF-8"))
    }

    fn global(&mut self) -> Result<(), PickleError> {
        let (module, name) = (self.line()?, self.line()?);
        self.push(Value::Global(Global::named(module, name)?));
        Ok(())
    }

    /// `("storage", storage class, key, device, length)`; the device it was saved on is ignored.
    fn persistent(&mut self) -> Result<(), PickleError> {
        let id = self.pop()?;
        let storage = self.storage(id).ok_or_else(|| self.malformed("a storage's description is malformed"))?;
        self.push(Value::Storage(storage));
        Ok(())
    }

    fn storage(&self, id: Id) -> Option<Storage<'a>> {
        let Value::Tuple(items) = &self.values[id] else { return None };
        let &[kind, class, key, _device, len] = items.as_slice() else { return None };
        match (&self.values[kind], &self.values[class], &self.values[key]) {
            (Value::Text("storage"), Value::Global(Global::Storage(format)), Value::Text(key)) => {
                Some(Storage { format: *format, key, len: self.size(len)? })
            }
            _ => None,
        }
    }

    fn reduce(&mut self) -> Result<(), PickleError> {
        let arguments = self.pop()?;
        let callable = self.pop()?;
        let result = match (&self.values[callable], &self.values[arguments]) {
            (Value::Global(Global::OrderedDict), Value::Tuple(none)) if none.is_empty() => {
                Some(Value::Dict(Vec::new()))
            }
            (Value::Global(Global::RebuildTensor), Value::Tuple(items)) => self.tensor(items).map(Value::Tensor),
            _ => None,
        };
        self.push(result.ok_or_else(|| self.malformed("a tensor's or dict's description is malformed"))?);
        Ok(())
    }

    /// `(storage, offset, shape, stride, requires_grad, hooks)`; the last two mean nothing here.
    fn tensor(&self, items: &[Id]) -> Option<TensorInfo<'a>> {
        let &[storage, offset, shape, stride, _, _] = items else { return None };
        let Value::Storage(storage) = self.values[storage] else { return None };
        let (shape, stride) = (self.sizes(shape)?, self.sizes(stride)?);
        let offset = self.size(offset)?;
        (shape.len() == stride.len()).then_some(TensorInfo { storage, offset, shape, stride })
    }

    fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        let Value::Tuple(items) = &self.values[id] else { return None };
        if items.len() > RANK_LIMIT {
            return None;
        }
        items.iter().map(|&item| self.size(item)).collect()
    }

    fn size(&self, id: Id) -> Option<usize> {
        let Value::Int(value) = self.values[id] else { return None };
        usize::try_from(value).ok()
    }

    /// Sets attributes of a dict: `_metadata`, which a reader of weights does not need.
    fn build(&mut self) -> Result<(), PickleError> {
        self.pop()?;
        match self.stack.last().map(|&top| &self.values[top]) {
            Some(Value::Dict(_)) => Ok(()),
            _ => Err(self.malformed("attributes are set on something that is not a dict")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_tensors_than_a_student_has_are_refused() {
        let item = b"X\x00\x00\x00\x00N";
        let pickle = [b"\x80\x02}(".as_slice(), &item.repeat(ITEM_LIMIT + 1), b"u."].concat();
        assert_eq!(state_dict(&pickle).expect_err("too many"), PickleError::TooMany(ITEM_LIMIT + 1));
    }
}
