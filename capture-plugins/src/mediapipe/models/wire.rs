//! Reads the fields of Protocol Buffers messages (protobuf.dev/programming-guides/encoding).

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// An integer.
    Integer(u64),
    /// A string, packed numbers or an embedded message.
    Bytes(&'a [u8]),
    /// A float or another 4-byte value.
    Four([u8; 4]),
    /// A double or another 8-byte value.
    Eight([u8; 8]),
}

/// An iterator over a message's fields with their numbers. A damaged message ends with an error.
pub(super) struct Fields<'a>(&'a [u8]);

/// A message ends inside a field or has a field of an unknown type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damaged;

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Integer(self.varint()?),
            1 => Value::Eight(self.array()?),
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(len)?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            5 => Value::Four(self.array()?),
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (&array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(array)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field().ok_or(Damaged);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_type_are_read() {
        let message = [&[0x08, 0x96, 0x01][..], b"\x12\x07testing", &[0x1d, 1, 2, 3, 4]].concat();
        let fields: Vec<_> = Fields::of(&message).collect();
        let expected = [(1, Value::Integer(150)), (2, Value::Bytes(b"testing")), (3, Value::Four([1, 2, 3, 4]))];
        assert_eq!(fields, expected.map(Ok));
    }

    #[test]
    fn a_message_that_ends_inside_a_field_is_damaged() {
        for message in [&[0x08][..], &[0x08, 0xff], b"\x12\x07test", &[0x1d, 1, 2, 3], &[0x0b], &[0xff; 12]] {
            assert_eq!(Fields::of(message).collect::<Vec<_>>(), [Err(Damaged)], "{message:?}");
        }
    }
}
