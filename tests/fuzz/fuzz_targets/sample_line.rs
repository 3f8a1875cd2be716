//! Face samples as lines of JSON: no bytes may make the reader panic, or leave a number that is not finite.

#![no_main]

use bunraku_capture::parse_line;
use bunraku_core::sample::{Blendshape, FaceSample};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let before = FaceSample::default();
    let mut sample = before;
    if parse_line(line, &mut sample).is_err() {
        assert!(sample == before, "a line that cannot be read changes nothing");
    }
    assert!(sample.time.is_finite() && Blendshape::ALL.into_iter().all(|shape| sample[shape].is_finite()));
    let bones = [sample.head.rotation_deg, sample.head.translation_cm, sample.eyes.left_deg, sample.eyes.right_deg];
    assert!(bones.iter().flatten().all(|value| value.is_finite()));
    // What was read can be written and read again, to the same sample.
    let line = serde_json::to_vec(&sample.to_update()).expect("finite numbers and text");
    let mut again = before;
    parse_line(&line, &mut again).expect("our own line");
    assert_eq!(again, sample);
});
