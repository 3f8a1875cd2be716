//! iFacialMocap's packets, v1 and v2: no bytes may make the parser panic, or leave a number that is not finite.

#![no_main]

use bunraku_capture::ifacialmocap::packet::parse_packet;
use bunraku_core::sample::{Blendshape, FaceSample};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|packet: &[u8]| {
    let before = FaceSample::default();
    let mut sample = before;
    let report = parse_packet(packet, &mut sample);
    assert!(Blendshape::ALL.into_iter().all(|shape| sample[shape].is_finite()));
    let bones = [sample.head.rotation_deg, sample.head.translation_cm, sample.eyes.left_deg, sample.eyes.right_deg];
    assert!(bones.iter().flatten().all(|value| value.is_finite()));
    assert!(report.is_readable() || sample == before, "an unreadable packet changes nothing");
    assert!(report.used + report.skipped <= packet.len() && report.missing().count() <= 55);
});
