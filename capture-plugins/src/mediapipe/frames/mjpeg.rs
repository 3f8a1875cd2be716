//! Reads motion JPEG (`.mjpeg`, `.mjpg`): JPEG pictures one after another.

use super::{
    FrameError, FrameInfo, FrameSource, RgbFrame,
    jpeg::decode_jpeg,
    jpeg_end::{JpegEnd, Progress},
};
use std::{io::Read, time::Instant};

/// The greatest accepted size of one picture in bytes, far more than 8192 x 8192 pixels from a camera take.
const PICTURE_LIMIT: usize = 64 << 20;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// The frames of a motion JPEG stream.
pub struct MjpegSource<R> {
    name: String,
    stream: R,
    /// What was read; everything before `begin` has been used.
    buffer: Vec<u8>,
    begin: usize,
    end: JpegEnd,
    ended: bool,
    index: u64,
}

impl<R: Read + Send> MjpegSource<R> {
    /// Reads from `stream`, which messages call `name`.
    pub fn new(name: &str, stream: R) -> Self {
        Self {
            name: name.to_owned(),
            stream,
            buffer: Vec::new(),
            begin: 0,
            end: JpegEnd::default(),
            ended: false,
            index: 0,
        }
    }

    fn error(&self, why: &impl ToString) -> FrameError {
        FrameError::Video { name: self.name.clone(), why: why.to_string() }
    }

    /// Discards the next `count` bytes.
    fn forget(&mut self, count: usize) {
        self.begin += count;
        self.end = JpegEnd::default();
    }

    /// Reads more; false at the end of the stream.
    fn read_more(&mut self) -> Result<bool, FrameError> {
        self.buffer.drain(..self.begin);
        self.begin = 0;
        let before = self.buffer.len();
        if before > PICTURE_LIMIT {
            self.buffer.clear();
            self.end = JpegEnd::default();
            return Err(self.error(&format!("a frame has more than {PICTURE_LIMIT} bytes")));
        }
        self.buffer.resize(before + CHUNK, 0);
        let read = self.stream.read(&mut self.buffer[before..]);
        self.buffer.truncate(before + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(count) => Ok(count > 0),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(self.error(&error)),
        }
    }
}

impl<R: Read + Send> FrameSource for MjpegSource<R> {
    fn describe(&self) -> String {
        format!("the video {}", self.name)
    }

    fn rate(&self) -> Option<f64> {
        None
    }

    fn next(&mut self, into: &mut RgbFrame) -> Result<Option<FrameInfo>, FrameError> {
        while !self.ended {
            let rest = &self.buffer[self.begin..];
            match self.end.advance(rest) {
                Progress::Whole(length) => {
                    let captured = Instant::now();
                    let index = self.index;
                    self.index += 1;
                    super::name_by_number(&mut into.name, index);
                    let decoded = decode_jpeg(&rest[..length], into);
                    self.forget(length);
                    // Only this frame is lost: the following ones are still in the buffer.
                    let name = || format!("{}, frame {index}", self.name);
                    decoded.map_err(|why| FrameError::Decode { name: name(), why: why.to_string() })?;
                    return Ok(Some(FrameInfo { index, captured }));
                }
                Progress::Damaged(begin) if begin > 0 => self.forget(begin),
                Progress::More | Progress::Damaged(_) => self.ended = !self.read_more()?,
            }
        }
        if self.index == 0 {
            return Err(self.error(&"it contains no JPEG picture"));
        }
        Ok(None)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An 8 x 8 picture of a single grey, `grey` sixteenths of white (1 to 4 or 12 to 15): one block in baseline coding
    /// that holds only its mean.
    pub(in super::super) fn tiny_jpeg(grey: u8) -> Vec<u8> {
        let mut jpeg = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
        jpeg.extend([1; 64]);
        // One component, 8 x 8 pixels.
        jpeg.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
        // The code `0` announces a difference of ten bits and, in the AC table, the end of a block.
        jpeg.extend([0xff, 0xc4, 0, 20, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10]);
        jpeg.extend([0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        jpeg.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
        // `0`, ten bits of difference from mid grey (8 a step), `0`, padded with ones.
        let difference = (i32::from(grey) - 8) * 16 * 8;
        let bits = if difference > 0 { difference } else { difference + 1023 } as u32 & 1023;
        let coded = (bits << 5 | 0b01111) as u16;
        for byte in coded.to_be_bytes() {
            jpeg.push(byte);
            if byte == 0xff {
                jpeg.push(0);
            }
        }
        jpeg.extend([0xff, 0xd9]);
        jpeg
    }

    fn read_all(bytes: &[u8]) -> (Vec<u8>, Vec<String>) {
        let mut source = MjpegSource::new("clip", bytes);
        let mut frame = RgbFrame::default();
        let (mut greys, mut errors) = (vec![], vec![]);
        for _ in 0..1000 {
            match source.next(&mut frame) {
                Ok(Some(info)) => {
                    assert_eq!(frame.name, info.index.to_string());
                    greys.push(frame.view().expect("a picture").pixel(0, 0)[0]);
                }
                Ok(None) => return (greys, errors),
                Err(error) => {
                    errors.push(error.to_string());
                    if greys.is_empty() && errors.len() > 20 {
                        return (greys, errors);
                    }
                }
            }
        }
        panic!("reading does not end");
    }

    #[test]
    fn frames_are_read_in_order() {
        let video = [tiny_jpeg(2), tiny_jpeg(4), tiny_jpeg(14)].concat();
        let (greys, errors) = read_all(&video);
        assert!(errors.is_empty() && greys.len() == 3, "{greys:?} {errors:?}");
        assert!(greys.is_sorted() && greys[0] < 60 && greys[2] > 200, "{greys:?}");
    }

    #[test]
    fn garbage_and_torn_pictures_lose_no_other_frame() {
        let torn = tiny_jpeg(4);
        let video = [b"rubbish \xff", &tiny_jpeg(2)[..], b"more", &torn[..60], &tiny_jpeg(12), &torn[..100]].concat();
        let (greys, _) = read_all(&video);
        assert_eq!(greys.len(), 2, "{greys:?}");
    }

    #[test]
    fn a_thumbnail_inside_a_segment_is_not_a_frame() {
        let (whole, thumbnail) = (tiny_jpeg(2), tiny_jpeg(14));
        let length = ((thumbnail.len() + 2) as u16).to_be_bytes();
        let video = [&whole[..2], &[0xff, 0xe1], &length, &thumbnail, &whole[2..]].concat();
        let (greys, errors) = read_all(&video);
        assert!(greys.len() == 1 && greys[0] < 60, "{greys:?} {errors:?}");
    }

    #[test]
    fn a_file_without_a_picture_is_reported() {
        for bytes in [&b""[..], b"nothing of the kind", &[0xff; 9]] {
            let (greys, errors) = read_all(bytes);
            assert!(greys.is_empty() && errors[0].contains("no JPEG picture"), "{errors:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_the_end_however_they_are_split(
            bytes in prop::collection::vec(prop_oneof![3 => Just(0xff), 1 => 0xc0..=0xdf_u8, 4 => any::<u8>()], 0..300),
            cut in 0..300_usize,
        ) {
            let video = [&bytes[..], &tiny_jpeg(12)].concat();
            let cut = cut.min(video.len());
            let mut stepwise = JpegEnd::default();
            let first = stepwise.advance(&video[..cut]);
            let (again, at_once) = (stepwise.advance(&video), JpegEnd::default().advance(&video));
            if first == Progress::More {
                prop_assert_eq!(again, at_once);
            }
            if let Progress::Whole(end) | Progress::Damaged(end) = at_once {
                prop_assert!(end <= video.len() && end > 0);
            }
            read_all(&video);
        }
    }
}
