//! Tests of the packet parser, on golden packets and on arbitrary bytes.

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
    let bones =
        [("head", sample.head.rotation_deg), ("rightEye", sample.eyes.right_deg), ("leftEye", sample.eyes.left_deg)];
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
    let bad = "jawOpen&abc|cheekPuff&nan|jawOpen&1&2|=head#1,2,3,4,5|=head#1,2,3,4,5,6,7|rightEye#1,2|leftEye#a,b,c|";
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
    let vectors = [sample.head.rotation_deg, sample.head.translation_cm, sample.eyes.left_deg, sample.eyes.right_deg];
    vectors.iter().flatten().all(|value| value.is_finite())
        && Blendshape::ALL.into_iter().all(|shape| sample[shape].is_finite())
}
