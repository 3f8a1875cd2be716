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
mod tests {
    use super::*;
    use bunraku_test_support::shared;
    use proptest::prelude::*;
    use serde_json::Value;

    fn parse(packet: &str) -> (FaceSample, PacketReport) {
        let mut sample = FaceSample::default();
        let report = parse_packet(packet.as_bytes(), &mut sample);
        (sample, report)
    }

    /// Our value for the reference parser's `key`, in its units.
    fn ours(sample: &FaceSample, key: &str) -> Option<f64> {
        let bones = [
            ("head", sample.head.rotation_deg),
            ("rightEye", sample.eyes.right_deg),
            ("leftEye", sample.eyes.left_deg),
        ];
        for (bone, degrees) in bones {
            for (axis, degrees) in ["X", "Y", "Z"].into_iter().zip(degrees) {
                if key == format!("{bone}Bone{axis}") {
                    return Some(degrees.to_radians());
                }
            }
        }
        Blendshape::from_name(key).map(|shape| sample[shape])
    }

    #[test]
    fn golden_packets_give_the_reference_values() {
        let Some(path) = shared("tha4/golden/converters/ifacialmocap.json") else { return };
        let text = std::fs::read_to_string(path).expect("a golden file can be read");
        let golden: Value = serde_json::from_str(&text).expect("the golden is JSON");
        let mut compared = 0;
        for case in ["default", "changed_args", "breathing", "odd_packets"]
            .iter()
            .flat_map(|&part| golden[part].as_array().expect("cases"))
        {
            let (id, packet) = (case["id"].as_str().expect("an id"), case["packet"].as_str().expect("a packet"));
            let (sample, report) = parse(packet);
            assert!(report.is_readable(), "{id}");
            for (key, value) in case["parsed"].as_object().into_iter().flatten() {
                let (Some(value), Some(ours)) = (value.as_f64(), ours(&sample, key)) else { continue };
                assert!((value - ours).abs() < 1e-12, "{id}: {key} is {ours}, not {value}");
                compared += 1;
            }
        }
        assert!(compared > 1000, "{compared} values");
    }

    #[test]
    fn v1_equals_v2_including_negative_values() {
        let (v2, _) = parse("mouthSmile_L&-5|jawOpen&20|browInnerUp&100|=head#1,-2,3,0.1,0,-0.5|leftEye#-1,2,-3|");
        let (v1, report) = parse("mouthSmile_L--5|jawOpen-20|browInnerUp-100|=head#1,-2,3,0.1,0,-0.5|leftEye#-1,2,-3|");
        assert_eq!(v1, v2);
        assert_eq!(v1[Blendshape::MouthSmileLeft], -0.05);
        assert_eq!(v1.head.translation_cm, [10.0, 0.0, -50.0]);
        assert_eq!((report.used, report.skipped), (5, 0));
    }

    #[test]
    fn malformed_fields_are_counted_and_keep_their_value() {
        let mut sample = FaceSample::default();
        parse_packet(b"jawOpen&10|cheekPuff&30|=head#1,2,3,0,0,0|rightEye#4,5,6|", &mut sample);
        let before = sample;
        let bad =
            "jawOpen&abc|cheekPuff&nan|jawOpen&1&2|=head#1,2,3,4,5|=head#1,2,3,4,5,6,7|rightEye#1,2|leftEye#a,b,c|";
        let report = parse_packet(bad.as_bytes(), &mut sample);
        assert_eq!((report.used, report.skipped), (0, 7));
        assert!(!report.is_readable());
        assert_eq!(sample, before);
    }

    #[test]
    fn only_the_non_finite_number_of_a_field_is_skipped() {
        let (sample, report) = parse("=head#1,inf,3,0,nan,0|rightEye#nan,2,3,4|");
        assert_eq!((sample.head.rotation_deg, sample.eyes.right_deg), ([1.0, 0.0, 3.0], [0.0, 2.0, 3.0]));
        assert_eq!((report.used, report.skipped), (2, 3));
    }

    #[test]
    fn missing_fields_are_listed() {
        let mut packet: String = Blendshape::ALL.map(|shape| format!("{}&1|", shape.name())).concat();
        packet += "=head#0,0,0,0,0,0|leftEye#0,0,0|";
        let (_, report) = parse(&packet.replace("tongueOut", "hapihapi"));
        assert_eq!(report.missing().collect::<Vec<_>>(), ["tongueOut", "rightEye"]);
    }

    #[test]
    fn the_tracking_status_sets_tracked() {
        assert!(parse("jawOpen&1|").0.tracked);
        assert!(parse("trackingStatus&1|jawOpen&1|").0.tracked);
        assert!(!parse("trackingStatus-0|jawOpen-1|").0.tracked);
    }

    #[test]
    fn other_bytes_are_not_readable() {
        for bytes in [&b""[..], b"\xff\xfejawOpen&1", b"hello", b"|||", b"x&1|y-2"] {
            let mut sample = FaceSample::default();
            assert!(!parse_packet(bytes, &mut sample).is_readable(), "{bytes:?}");
            assert_eq!(sample, FaceSample::default());
        }
    }

    fn field() -> impl Strategy<Value = String> {
        let name = proptest::sample::select(vec![
            "eyeBlink_L",
            "mouthLowerDown_R",
            "jawOpen",
            "=head#1,2",
            "leftEye#",
            "trackingStatus",
            "_L",
            "é_R",
            "",
        ]);
        let value = prop_oneof!["-?[0-9]{1,3}(\\.[0-9]{1,4})?", "nan|inf|-inf|1e999|1e308", "\\PC{0,6}"];
        (name, "[&,-]", value).prop_map(|(name, separator, value)| format!("{name}{separator}{value}"))
    }

    proptest! {
        #[test]
        fn any_bytes_leave_every_number_finite(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut sample = FaceSample::default();
            parse_packet(&bytes, &mut sample);
            prop_assert!(is_finite(&sample));
        }

        #[test]
        fn any_fields_leave_every_number_finite(fields in proptest::collection::vec(field(), 0..60), cut in 0_usize..400) {
            let packet = fields.join("|");
            let half = &packet.as_bytes()[..cut.min(packet.len())];
            for bytes in [packet.as_bytes(), half] {
                let mut sample = FaceSample::default();
                parse_packet(bytes, &mut sample);
                prop_assert!(is_finite(&sample));
            }
        }

        #[test]
        fn every_blendshape_sent_is_received(values in proptest::collection::vec(-200_i32..200, 52), separator in "[&-]") {
            let fields = Blendshape::ALL.into_iter().zip(&values);
            let packet: Vec<String> = fields.clone().map(|(shape, value)| {
                let name = shape.name();
                let side = |long: &str, short: &str| name.strip_suffix(long).map(|base| format!("{base}{short}"));
                // In `mouthLeft` and the like the side is not a suffix.
                let short = side("Left", "_L").or(side("Right", "_R")).filter(|_| !["mouthLeft", "mouthRight", "jawLeft", "jawRight"].contains(&name));
                format!("{}{separator}{value}|", short.unwrap_or(name.to_owned()))
            }).collect();
            let (sample, report) = parse(&packet.concat());
            prop_assert_eq!(report.used, 52);
            for (shape, &value) in fields {
                prop_assert_eq!(sample[shape], f64::from(value) / 100.0);
            }
        }
    }

    fn is_finite(sample: &FaceSample) -> bool {
        let vectors =
            [sample.head.rotation_deg, sample.head.translation_cm, sample.eyes.left_deg, sample.eyes.right_deg];
        vectors.iter().flatten().all(|value| value.is_finite())
            && Blendshape::ALL.into_iter().all(|shape| sample[shape].is_finite())
    }
}
