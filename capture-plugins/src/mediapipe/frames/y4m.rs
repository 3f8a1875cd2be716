//! Reads YUV4MPEG2 (`.y4m`): raw video with a header line for the stream and one for every frame, as written by ffmpeg
//! and mjpegtools.

use super::{
    super::view::LARGEST_EDGE,
    FrameError, FrameInfo, FrameSource, RgbFrame,
    yuv::{Range, Subsampling, decode_planar},
};
use std::{
    io::{BufRead, BufReader, ErrorKind, Read},
    time::Instant,
};

/// The longest accepted header line in bytes.
const LONGEST_LINE: u64 = 1024;

/// The stream's header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Y4mHeader {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Frames a second, if given.
    pub rate: Option<f64>,
    /// How chroma is stored.
    pub subsampling: Subsampling,
    /// Which values mean black and white.
    pub range: Range,
}

impl Y4mHeader {
    /// Parses the header line, without its line end.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        if words.next() != Some("YUV4MPEG2") {
            return Err("it does not begin with YUV4MPEG2".to_owned());
        }
        let (mut width, mut height) = (0, 0);
        let mut header = Self { width, height, rate: None, subsampling: Subsampling::S420, range: Range::Limited };
        for word in words {
            // A word that does not start with an ASCII character is none of those below.
            let Some((tag, value)) = word.split_at_checked(1) else { continue };
            match tag {
                "W" => width = edge(value)?,
                "H" => height = edge(value)?,
                "F" => header.rate = rate(value),
                "C" => header.subsampling = subsampling(value)?,
                "X" if value == "COLORRANGE=FULL" => header.range = Range::Full,
                _ => {}
            }
        }
        if width == 0 || height == 0 {
            return Err(format!("its frames are {width} x {height}: they have no pixels"));
        }
        Ok(Self { width, height, ..header })
    }
}

fn edge(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(edge) if edge <= LARGEST_EDGE => Ok(edge),
        _ => Err(format!("invalid width or height `{text}`: expected 1 to {LARGEST_EDGE}")),
    }
}

/// Parses a ratio such as `30000:1001`; `0:0` means unknown.
fn rate(text: &str) -> Option<f64> {
    let (over, under) = text.split_once(':')?;
    let rate = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
    (0.01..=1000.0).contains(&rate).then_some(rate)
}

fn subsampling(text: &str) -> Result<Subsampling, String> {
    match text {
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => Ok(Subsampling::S420),
        "422" => Ok(Subsampling::S422),
        "444" => Ok(Subsampling::S444),
        "mono" => Ok(Subsampling::Mono),
        _ => Err(format!("its colour format `{text}` is not supported: expected 420, 422, 444 or mono with 8 bits")),
    }
}

/// The frames of a YUV4MPEG2 stream.
pub struct Y4mSource<R> {
    name: String,
    stream: BufReader<R>,
    header: Y4mHeader,
    planes: Vec<u8>,
    index: u64,
}

impl<R: Read + Send> Y4mSource<R> {
    /// Reads the header of `stream`, which messages call `name`.
    ///
    /// # Errors
    /// The header is missing or invalid.
    pub fn open(name: &str, stream: R) -> Result<Self, FrameError> {
        let error = |why: String| FrameError::Video { name: name.to_owned(), why };
        let mut stream = BufReader::new(stream);
        let line = read_line(&mut stream).map_err(error)?.ok_or_else(|| error("it is empty".to_owned()))?;
        let header = Y4mHeader::parse(&line).map_err(error)?;
        Ok(Self { name: name.to_owned(), stream, header, planes: Vec::new(), index: 0 })
    }

    /// The stream's header.
    pub fn header(&self) -> &Y4mHeader {
        &self.header
    }

    fn error(&self, why: String) -> FrameError {
        FrameError::Video { name: self.name.clone(), why }
    }
}

impl<R: Read + Send> FrameSource for Y4mSource<R> {
    fn describe(&self) -> String {
        format!("the video {}", self.name)
    }

    fn rate(&self) -> Option<f64> {
        self.header.rate
    }

    fn next(&mut self, into: &mut RgbFrame) -> Result<Option<FrameInfo>, FrameError> {
        let line = read_line(&mut self.stream).map_err(|why| self.error(why))?;
        let Some(line) = line else { return Ok(None) };
        if !line.starts_with("FRAME") {
            return Err(self.error(format!("frame {} does not begin with FRAME", self.index)));
        }
        let Y4mHeader { width, height, subsampling, range, .. } = self.header;
        self.planes.resize(subsampling.bytes(width, height), 0);
        if let Err(error) = self.stream.read_exact(&mut self.planes) {
            if error.kind() == ErrorKind::UnexpectedEof {
                tracing::warn!("ignoring the torn last frame of {}", self.name);
                return Ok(None);
            }
            return Err(self.error(error.to_string()));
        }
        let captured = Instant::now();
        decode_planar(&self.planes, [width, height], subsampling, range, into)
            .map_err(|why| self.error(why.to_string()))?;
        let index = self.index;
        self.index += 1;
        super::name_by_number(&mut into.name, index);
        Ok(Some(FrameInfo { index, captured }))
    }
}

/// Reads a line without its line end; `None` at the end of the stream.
fn read_line(stream: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut line = String::new();
    stream.take(LONGEST_LINE).read_line(&mut line).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => "a header line is not text: this is not YUV4MPEG2".to_owned(),
        _ => error.to_string(),
    })?;
    if line.is_empty() {
        return Ok(None);
    }
    line.pop()
        .filter(|&end| end == '\n')
        .ok_or("a header line does not end: this is not YUV4MPEG2, or it is truncated")?;
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn video(header: &str, frames: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = format!("{header}\n").into_bytes();
        for frame in frames {
            bytes.extend(b"FRAME\n");
            bytes.extend(frame);
        }
        bytes
    }

    #[test]
    fn a_video_is_read_with_its_rate_and_size() {
        let grey = |luma: u8| [vec![luma; 8], vec![128; 4]].concat();
        let bytes = video("YUV4MPEG2 W4 H2 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG", &[grey(16), grey(235)]);
        let mut source = Y4mSource::open("clip.y4m", &bytes[..]).expect("a video");
        assert!(source.rate().is_some_and(|rate| (rate - 29.97).abs() < 0.001));
        let mut frame = RgbFrame::default();
        for (index, wanted) in [(0, 0), (1, 255)] {
            let info = source.next(&mut frame).expect("readable").expect("a frame");
            assert_eq!((info.index, frame.width, frame.height), (index, 4, 2));
            assert!(frame.data.iter().all(|value| value.abs_diff(wanted) <= 1), "{:?}", frame.data);
        }
        assert!(source.next(&mut frame).expect("the end").is_none());
    }

    #[test]
    fn a_torn_last_frame_is_dropped() {
        let bytes = video("YUV4MPEG2 W2 H2 C444", &[vec![128; 12], vec![128; 11]]);
        let mut source = Y4mSource::open("clip.y4m", &bytes[..]).expect("a video");
        let mut frame = RgbFrame::default();
        assert!(source.next(&mut frame).expect("whole").is_some());
        assert!(source.next(&mut frame).expect("torn").is_none());
    }

    #[test]
    fn an_invalid_header_is_explained() {
        for (line, word) in [
            ("YUV4MPEG2 W0 H2", "0 x 2"),
            ("YUV4MPEG2 H2", "0 x 2"),
            ("YUV4MPEG2 W9999999 H2", "9999999"),
            ("YUV4MPEG2 W4 H2 C420p10", "420p10"),
            ("RIFF", "YUV4MPEG2"),
        ] {
            let error = Y4mHeader::parse(line).expect_err(line);
            assert!(error.contains(word), "{line}: {error}");
        }
        assert!(Y4mSource::open("x", &[0xff; 3000][..]).is_err() && Y4mSource::open("x", &b""[..]).is_err());
        let unknown = Y4mHeader::parse("YUV4MPEG2 W4 H2 F0:0 Ixé é XCOLORRANGE=FULL").expect("readable");
        assert_eq!((unknown.rate, unknown.range), (None, Range::Full));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_the_end(bytes in prop::collection::vec(any::<u8>(), 0..200), known: bool) {
            let bytes = if known { video("YUV4MPEG2 W2 H2 C444", &[vec![0; 12], bytes]) } else { bytes };
            let Ok(mut source) = Y4mSource::open("x", &bytes[..]) else { return Ok(()) };
            let mut frame = RgbFrame::default();
            for _ in 0..=bytes.len() {
                match source.next(&mut frame) {
                    Ok(Some(_)) => prop_assert!(frame.view().is_ok()),
                    Ok(None) | Err(_) => return Ok(()),
                }
            }
            prop_assert!(false, "reading does not end");
        }
    }
}
