//! Motion JPEG: no bytes may make the reader or the decoder panic, or go on for ever.

#![no_main]

use bunraku_capture::mediapipe::frames::{FrameSource, RgbFrame, mjpeg::MjpegSource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut source = MjpegSource::new("fuzz", bytes);
    let mut frame = RgbFrame::default();
    // Every answer but the last takes bytes, but for one: that there was no picture at all.
    for _ in 0..=bytes.len() {
        match source.next(&mut frame) {
            Ok(Some(_)) => assert!(frame.view().is_ok()),
            Ok(None) => return,
            Err(_) => {}
        }
    }
});
