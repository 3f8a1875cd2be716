//! YUV4MPEG2: no bytes may make the reader panic, or take memory that they do not fill.

#![no_main]

use bunraku_capture::mediapipe::frames::{FrameSource, RgbFrame, y4m::Y4mSource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut source) = Y4mSource::open("fuzz", bytes) else { return };
    let mut frame = RgbFrame::default();
    while let Ok(Some(_)) = source.next(&mut frame) {
        assert!(frame.view().is_ok_and(|view| view.width() * view.height() <= bytes.len()));
    }
});
