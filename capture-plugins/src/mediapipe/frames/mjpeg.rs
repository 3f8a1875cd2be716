//! Motion JPEG: JPEG pictures one after another in a file or pipe (`.mjpeg`, `.mjpg`).

use super::{FrameError, FrameInfo, FrameSource, RgbFrame, jpeg::decode_jpeg};
use std::{io::Read, time::Instant};

/// The most bytes of one picture: far more than 8192 x 8192 pixels of a camera take.
const MOST: usize = 64 << 20;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// Finds where the JPEG picture at the front of a growing buffer ends, looking at every byte once.
///
/// Segments are stepped over by their lengths, so that a thumbnail inside one does not count; coded data is searched for
/// the marker that ends it (ITU-T T.81, B.1.1).
#[derive(Clone, Copy, Debug, Default)]
pub struct JpegEnd {
    position: usize,
    in_scan: bool,
}

/// What is known of the picture at the front of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is not yet whole.
    More,
    /// It ends before this byte.
    Whole(usize),
    /// It is damaged, or none; a picture may begin at or after this byte, which is not 0 unless the buffer is empty.
    Damaged(usize),
}

const START: [u8; 2] = [0xff, 0xd8];

impl JpegEnd {
    /// Looks on in `buffer`, which holds what it held the last time and more.
    pub fn advance(&mut self, buffer: &[u8]) -> Progress {
        if buffer.len() < 2 {
            return Progress::More;
        }
        if buffer[..2] != START {
            return Progress::Damaged(find(buffer));
        }
        self.position = self.position.max(2);
        loop {
            let Some(&[0xff, marker]) = buffer.get(self.position..self.position + 2) else {
                match (self.in_scan, buffer.len() < self.position + 2) {
                    (_, true) => return Progress::More,
                    (true, false) => self.position += 1,
                    (false, false) => return Progress::Damaged(find(buffer)),
                }
                continue;
            };
            match marker {
                0xd9 => return Progress::Whole(self.position + 2),
                // Filling before a marker.
                0xff => self.position += 1,
                // In coded data: a byte of 0xff, and restarts.
                0x00 | 0xd0..=0xd7 if self.in_scan => self.position += 2,
                // Markers that stand alone.
                0x01 | 0xd0..=0xd7 => self.position += 2,
                // The next picture begins before this one ended.
                0xd8 => return Progress::Damaged(self.position),
                0x00 => return Progress::Damaged(find(buffer)),
                _ => {
                    let Some(&[high, low]) = buffer.get(self.position + 2..self.position + 4) else {
                        return Progress::More;
                    };
                    let length = usize::from(u16::from_be_bytes([high, low]));
                    if length < 2 {
                        return Progress::Damaged(find(buffer));
                    }
                    self.position += 2 + length;
                    self.in_scan = marker == 0xda;
                }
            }
        }
    }
}

/// Where another picture may begin in `buffer`: a length that is wrong may have led far beyond it. A start that is cut
/// off at the end counts.
fn find(buffer: &[u8]) -> usize {
    let whole = buffer.windows(2).skip(1).position(|pair| pair == START);
    let cut = usize::from(buffer.len() > 1 && buffer.last() == Some(&START[0]));
    whole.map_or(buffer.len() - cut, |position| position + 1)
}

/// The pictures of a stream of motion JPEG.
pub struct MjpegSource<R> {
    name: String,
    stream: R,
    /// What was read; given away is what lies before `begin`.
    buffer: Vec<u8>,
    begin: usize,
    end: JpegEnd,
    ended: bool,
    index: u64,
}

impl<R: Read + Send> MjpegSource<R> {
    /// The pictures of `stream`, which people know as `name`.
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

    /// Gives the next `count` bytes away.
    fn forget(&mut self, count: usize) {
        self.begin += count;
        self.end = JpegEnd::default();
    }

    /// Reads on; false at the end of the stream.
    fn read_more(&mut self) -> Result<bool, FrameError> {
        self.buffer.drain(..self.begin);
        self.begin = 0;
        let before = self.buffer.len();
        if before > MOST {
            self.buffer.clear();
            self.end = JpegEnd::default();
            return Err(self.error(&format!("a picture of it has more than {MOST} bytes")));
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
                    // Only this picture is lost: what follows stands in the buffer.
                    let name = || format!("{}, picture {index}", self.name);
                    decoded.map_err(|why| FrameError::Decode { name: name(), why: why.to_string() })?;
                    return Ok(Some(FrameInfo { index, captured }));
                }
                Progress::Damaged(begin) if begin > 0 => self.forget(begin),
                Progress::More | Progress::Damaged(_) => self.ended = !self.read_more()?,
            }
        }
        if self.index == 0 {
            return Err(self.error(&"it holds no JPEG picture"));
        }
        Ok(None)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A picture of 8 x 8 pixels of one grey, `grey` sixteenths of white, from 1 to 4 or 12 to 15: the baseline coding
    /// of one block that holds nothing but its mean.
    pub(in super::super) fn tiny_jpeg(grey: u8) -> Vec<u8> {
        let mut jpeg = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
        jpeg.extend([1; 64]);
        // One component, 8 x 8 pixels.
        jpeg.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
        // A difference of ten bits is announced by `0`, and so is the end of a block.
        jpeg.extend([0xff, 0xc4, 0, 20, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10]);
        jpeg.extend([0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        jpeg.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
        // `0`, ten bits of the difference from mid grey (8 for a step of one), `0`, filled up with ones.
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
        panic!("it does not end");
    }

    #[test]
    fn pictures_come_one_after_another_in_their_order() {
        let film = [tiny_jpeg(2), tiny_jpeg(4), tiny_jpeg(14)].concat();
        let (greys, errors) = read_all(&film);
        assert!(errors.is_empty() && greys.len() == 3, "{greys:?} {errors:?}");
        assert!(greys.is_sorted() && greys[0] < 60 && greys[2] > 200, "{greys:?}");
    }

    #[test]
    fn rubbish_between_pictures_and_a_torn_end_lose_no_other_picture() {
        let torn = tiny_jpeg(4);
        let film = [b"rubbish \xff", &tiny_jpeg(2)[..], b"more", &torn[..60], &tiny_jpeg(12), &torn[..100]].concat();
        let (greys, _) = read_all(&film);
        assert_eq!(greys.len(), 2, "{greys:?}");
    }

    #[test]
    fn a_thumbnail_in_a_segment_is_no_picture_of_its_own() {
        let (whole, thumbnail) = (tiny_jpeg(2), tiny_jpeg(14));
        let length = ((thumbnail.len() + 2) as u16).to_be_bytes();
        let film = [&whole[..2], &[0xff, 0xe1], &length, &thumbnail, &whole[2..]].concat();
        let (greys, errors) = read_all(&film);
        assert!(greys.len() == 1 && greys[0] < 60, "{greys:?} {errors:?}");
    }

    #[test]
    fn a_file_without_a_picture_says_so() {
        for bytes in [&b""[..], b"nothing of the kind", &[0xff; 9]] {
            let (greys, errors) = read_all(bytes);
            assert!(greys.is_empty() && errors[0].contains("no JPEG picture"), "{errors:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end_and_the_pieces_they_come_in_do_not_matter(
            bytes in prop::collection::vec(prop_oneof![3 => Just(0xff), 1 => 0xc0..=0xdf_u8, 4 => any::<u8>()], 0..300),
            cut in 0..300_usize,
        ) {
            let film = [&bytes[..], &tiny_jpeg(12)].concat();
            let cut = cut.min(film.len());
            let mut stepwise = JpegEnd::default();
            let first = stepwise.advance(&film[..cut]);
            let (again, at_once) = (stepwise.advance(&film), JpegEnd::default().advance(&film));
            if first == Progress::More {
                prop_assert_eq!(again, at_once);
            }
            if let Progress::Whole(end) | Progress::Damaged(end) = at_once {
                prop_assert!(end <= film.len() && end > 0);
            }
            read_all(&film);
        }
    }
}
