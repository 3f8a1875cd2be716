//! TensorBoard's event files: framed records of the protocol buffer `Event`, as far as scalars need it.
//!
//! A record is its length (u64), a checksum of these eight bytes, the data, and a checksum of the data, all
//! little-endian. Checksums are CRC-32C, rotated and offset so that they stay good on data that contains checksums.

use crc32c::crc32c;

/// The version in the first event of a file.
const VERSION: &str = "brain.Event:2";

/// The bytes of a record before and after its data.
const HEAD: usize = 12;
const FOOT: usize = 4;

/// Field numbers of `Event`, `Summary` and `Summary.Value`, with their wire types.
mod field {
    pub(super) const EVENT_WALL_TIME: u8 = 1 << 3 | FIXED64;
    pub(super) const EVENT_STEP: u8 = 2 << 3 | VARINT;
    pub(super) const EVENT_FILE_VERSION: u8 = 3 << 3 | BYTES;
    pub(super) const EVENT_SUMMARY: u8 = 5 << 3 | BYTES;
    pub(super) const SUMMARY_VALUE: u8 = 1 << 3 | BYTES;
    pub(super) const VALUE_TAG: u8 = 1 << 3 | BYTES;
    pub(super) const VALUE_SIMPLE: u8 = 2 << 3 | FIXED32;
    const VARINT: u8 = 0;
    const FIXED64: u8 = 1;
    const BYTES: u8 = 2;
    const FIXED32: u8 = 5;
}

/// The first record of a file. `wall_time` is in seconds since 1970.
pub(super) fn first_record(wall_time: f64) -> Vec<u8> {
    let mut event = event(wall_time, 0);
    bytes(&mut event, field::EVENT_FILE_VERSION, VERSION.as_bytes());
    framed(&event)
}

/// The record of scalars at one step.
pub(super) fn scalars_record<'a>(wall_time: f64, step: u64, scalars: impl Iterator<Item = (&'a str, f32)>) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, scalar) in scalars {
        let mut value = Vec::new();
        bytes(&mut value, field::VALUE_TAG, tag.as_bytes());
        value.push(field::VALUE_SIMPLE);
        value.extend(scalar.to_le_bytes());
        bytes(&mut summary, field::SUMMARY_VALUE, &value);
    }
    let mut event = event(wall_time, step);
    bytes(&mut event, field::EVENT_SUMMARY, &summary);
    framed(&event)
}

/// The length of the first record of `file`, and its step; `None` if it is torn, damaged, or not one of ours.
pub(super) fn read_record(file: &[u8]) -> Option<(usize, u64)> {
    let (length, rest) = file.split_first_chunk::<8>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let data = rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let (data_sum, _) = rest[data.len()..].split_first_chunk::<FOOT>()?;
    let whole = masked(length) == u32::from_le_bytes(*sum) && masked(data) == u32::from_le_bytes(*data_sum);
    let step = data.get(9..)?;
    if !whole || data[0] != field::EVENT_WALL_TIME || step.first() != Some(&field::EVENT_STEP) {
        return None;
    }
    Some((HEAD + data.len() + FOOT, read_varint(&step[1..])?))
}

fn event(wall_time: f64, step: u64) -> Vec<u8> {
    let mut event = vec![field::EVENT_WALL_TIME];
    event.extend(wall_time.to_le_bytes());
    event.push(field::EVENT_STEP);
    varint(&mut event, step);
    event
}

fn bytes(message: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    message.push(field);
    varint(message, bytes.len() as u64);
    message.extend(bytes);
}

fn varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

fn read_varint(bytes: &[u8]) -> Option<u64> {
    let length = 1 + bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    Some(bytes[..length].iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f)))
}

fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length, &masked(&length).to_le_bytes()[..], data, &masked(data).to_le_bytes()].concat()
}

fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// TensorFlow's own encoding of `Event(wall_time=1.5, step=300, summary=[loss: 0.25])`.
    #[test]
    fn a_record_matches_tensorflows_writer() {
        let record = scalars_record(1.5, 300, [("loss", 0.25)].into_iter());
        let event = b"\x09\x00\x00\x00\x00\x00\x00\xf8\x3f\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\x00\x00\x80\x3e";
        assert_eq!(record[..8], (event.len() as u64).to_le_bytes());
        assert_eq!(record[HEAD..record.len() - FOOT], event[..]);
        let sums = [&record[8..HEAD], &record[record.len() - FOOT..]].concat();
        assert_eq!(sums, SUMS, "{sums:02x?}");
    }

    /// The two checksums, made with `tensorboard.compat.tensorflow_stub.pywrap_tensorflow.masked_crc32c` (2.21).
    const SUMS: [u8; 8] = [0x1a, 0x0d, 0x9e, 0x13, 0x99, 0x08, 0xde, 0xed];

    proptest! {
        #[test]
        fn a_written_record_reads_back(step: u64, tag in ".{0,200}", value: f32, tail in any::<Vec<u8>>()) {
            let record = scalars_record(0.5, step, [(tag.as_str(), value)].into_iter());
            prop_assert_eq!(read_record(&[record.clone(), tail].concat()), Some((record.len(), step)));
            prop_assert_eq!(read_record(&record[..record.len() - 1]), None);
        }

        #[test]
        fn damaged_bytes_are_no_record(bytes in any::<Vec<u8>>(), at in 0usize..60, flip in 1u8..) {
            prop_assert_eq!(read_record(&bytes), None);
            let mut record = first_record(2.0);
            let at = at % record.len();
            record[at] ^= flip;
            prop_assert_eq!(read_record(&record), None);
        }
    }
}
