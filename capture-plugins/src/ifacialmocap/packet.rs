//! Parses packets of iFacialMocap's text protocol (v1 or v2) directly into a face sample.
//!
//! Fields are separated by `|` (`PROTOCOL.md`): `name&value` (v2) or `name-value` (v1) for a blendshape from 0 to
//! 100, `=head#` with six numbers, `rightEye#` and `leftEye#` with three or more, in degrees. Unknown fields are ignored
//! and malformed ones counted; nothing is allocated.

use bunraku_core::sample::{Blendshape, FaceSample};

/// What a packet contained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketReport {
    /// Whether the packet is UTF-8 text; if not, nothing was read from it.
    pub text: bool,
    /// How many fields were used, duplicates included.
    pub used: usize,
    /// How many fields were skipped because a number in them is malformed, missing or not finite.
    pub skipped: usize,
    seen: u64,
}

/// Bits of [`PacketReport::seen`], after those of the blendshapes.
const HEAD: u64 = 1 << 52;
const RIGHT_EYE: u64 = 1 << 53;
const LEFT_EYE: u64 = 1 << 54;

impl PacketReport {
    /// Whether any field was used; if not, these bytes are not an iFacialMocap packet.
    pub fn is_readable(&self) -> bool {
        self.text && self.used > 0
    }

    /// The blendshapes and bones that a complete packet has and this one lacks; they keep their last value.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> + use<> {
        let seen = self.seen;
        let bones = [(HEAD, "head"), (RIGHT_EYE, "rightEye"), (LEFT_EYE, "leftEye")];
        let shapes = Blendshape::ALL.into_iter().map(|shape| (1 << shape as u64, shape.name()));
        shapes.chain(bones).filter_map(move |(bit, name)| (seen & bit == 0).then_some(name))
    }

    fn mark_used(&mut self, bit: u64) {
        self.used += 1;
        self.seen |= bit;
    }

    /// Stores the finite numbers and counts the others; true if any was finite.
    fn put<const N: usize>(&mut self, slots: &mut [f64; N], values: [f64; N]) -> bool {
        for (slot, value) in slots.iter_mut().zip(values) {
            if value.is_finite() {
                *slot = value;
            } else {
                self.skipped += 1;
            }
        }
        values.iter().any(|value| value.is_finite())
    }
}

/// Updates `sample` from the packet `bytes`; absent fields keep their value.
///
/// Blendshapes are divided by 100, rotations stay in degrees, and the head's position is converted from metres to
/// centimetres. `tracked` becomes true unless the packet's `trackingStatus` is 0. The time is unchanged. Of duplicate
/// fields the last wins.
pub fn parse_packet(bytes: &[u8], sample: &mut FaceSample) -> PacketReport {
    let Ok(text) = std::str::from_utf8(bytes) else { return PacketReport::default() };
    let mut report = PacketReport { text: true, ..PacketReport::default() };
    let mut tracked = true;
    for field in text.split('|') {
        let field = field.trim();
        if let Some((name, value)) = field.split_once('&') {
            take_named(name, value, sample, &mut tracked, &mut report);
        } else if let Some(numbers) = field.strip_prefix("=head#") {
            take_head(numbers, sample, &mut report);
        } else if let Some(numbers) = field.strip_prefix("rightEye#") {
            take_eye(numbers, &mut sample.eyes.right_deg, RIGHT_EYE, &mut report);
        } else if let Some(numbers) = field.strip_prefix("leftEye#") {
            take_eye(numbers, &mut sample.eyes.left_deg, LEFT_EYE, &mut report);
        } else if let Some((name, value)) = field.split_once('-') {
            // v1. No name contains a `-`, so the value, which may be negative, follows the first one.
            take_named(name, value, sample, &mut tracked, &mut report);
        }
    }
    if report.used > 0 {
        sample.tracked = tracked;
    }
    report
}

/// Takes a blendshape or the tracking status; other names are ignored.
fn take_named(name: &str, value: &str, sample: &mut FaceSample, tracked: &mut bool, report: &mut PacketReport) {
    if name == "trackingStatus" {
        match number(value) {
            Some(status) => *tracked = status != 0.0,
            None => report.skipped += 1,
        }
        return;
    }
    let Some(shape) = blendshape(name) else { return };
    match number(value) {
        Some(value) if value.is_finite() => {
            sample[shape] = value / 100.0;
            report.mark_used(1 << shape as u64);
        }
        _ => report.skipped += 1,
    }
}

/// Takes exactly six numbers: rotation, then position.
fn take_head(text: &str, sample: &mut FaceSample, report: &mut PacketReport) {
    let Some([x, y, z, px, py, pz]) = numbers(text, true) else {
        report.skipped += 1;
        return;
    };
    let turned = report.put(&mut sample.head.rotation_deg, [x, y, z]);
    if report.put(&mut sample.head.translation_cm, [px, py, pz].map(|metres| metres * 100.0)) || turned {
        report.mark_used(HEAD);
    }
}

/// Takes at least three numbers; further ones are ignored.
fn take_eye(text: &str, eye: &mut [f64; 3], bit: u64, report: &mut PacketReport) {
    match numbers(text, false) {
        Some(values) if report.put(eye, values) => report.mark_used(bit),
        Some(_) => {}
        None => report.skipped += 1,
    }
}

/// The blendshape with a packet's name: `ARKit`'s own, or with `_L` or `_R` for the side.
fn blendshape(name: &str) -> Option<Blendshape> {
    let (base, side) = match (name.strip_suffix("_L"), name.strip_suffix("_R")) {
        (Some(base), _) => (base, "Left"),
        (_, Some(base)) => (base, "Right"),
        _ => return Blendshape::from_name(name),
    };
    // The longest name is `mouthLowerDownRight`; a longer one is unknown.
    let mut buffer = [0_u8; 24];
    let length = base.len() + side.len();
    buffer.get_mut(..base.len())?.copy_from_slice(base.as_bytes());
    buffer.get_mut(base.len()..length)?.copy_from_slice(side.as_bytes());
    Blendshape::from_name(std::str::from_utf8(&buffer[..length]).ok()?)
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// The first `N` comma-separated numbers. `None` if one is malformed, if there are fewer or, with `exactly`, if there are
/// more.
fn numbers<const N: usize>(text: &str, exactly: bool) -> Option<[f64; N]> {
    let mut parts = text.split(',');
    let mut values = [0.0; N];
    for value in &mut values {
        *value = number(parts.next()?)?;
    }
    (!exactly || parts.next().is_none()).then_some(values)
}

#[cfg(test)]
mod tests;
