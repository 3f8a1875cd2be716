//! YUV4MPEG2 (`.y4m`): raw video with a line of text before it and before every picture, as ffmpeg and mjpegtools write.

use super::{
    super::view::LARGEST_EDGE,
    FrameError, FrameInfo, FrameSource, RgbFrame,
    yuv::{Range, Subsampling, decode_planar},
};
use std::{
    io::{BufRead, BufReader, ErrorKind, Read},
    time::Instant,
};

/// The longest line of text.
const LONGEST_LINE: u64 = 1024;

/// What the first line says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Y4mHeader {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pictures a second, if it says so.
    pub rate: Option<f64>,
    /// How colour is stored.
    pub subsampling: Subsampling,
    /// Which numbers mean black and white.
    pub range: Range,
}

impl Y4mHeader {
    /// Reads the first line, without its end.
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
            // A word that is not ASCII is none of those below.
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
            return Err(format!("its pictures are {width} x {height}: they have no pixels"));
        }
        Ok(Self { width, height, ..header })
    }
}

fn edge(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(edge) if edge <= LARGEST_EDGE => Ok(edge),
        _ => Err(format!("a width or height of `{text}` is not from 1 to {LARGEST_EDGE}")),
    }
}

/// A ratio such as `30000:1001`; what is unknown is `0:0`.
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
        _ => Err(format!("its colour is stored as `{text}`; known are 420, 422, 444 and mono, of 8 bits")),
    }
}

/// The pictures of a stream of YUV4MPEG2.
pub struct Y4mSource<R> {
    name: String,
    stream: BufReader<R>,
    header: Y4mHeader,
    planes: Vec<u8>,
    index: u64,
}

impl<R: Read + Send> Y4mSource<R> {
    /// The pictures of `stream`, which people know as `name`.
    ///
    /// # Errors
    /// The first line cannot be read or understood.
    pub fn open(name: &str, stream: R) -> Result<Self, FrameError> {
        let error = |why: String| FrameError::Video { name: name.to_owned(), why };
        let mut stream = BufReader::new(stream);
        let line = read_line(&mut stream).map_err(error)?.ok_or_else(|| error("it is empty".to_owned()))?;
        let header = Y4mHeader::parse(&line).map_err(error)?;
        Ok(Self { name: name.to_owned(), stream, header, planes: Vec::new(), index: 0 })
    }

    /// What the first line said.
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
            return Err(self.error(format!("picture {} of it does not begin with FRAME", self.index)));
        }
        let Y4mHeader { width, height, subsampling, range, .. } = self.header;
        self.planes.resize(subsampling.bytes(width, height), 0);
        if let Err(error) = self.stream.read_exact(&mut self.planes) {
            if error.kind() == ErrorKind::UnexpectedEof {
                tracing::warn!("the last picture of {} is torn and left out", self.name);
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

/// A line without its end; none at the end of the stream.
fn read_line(stream: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut line = String::new();
    stream.take(LONGEST_LINE).read_line(&mut line).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => "a line of it is no text: it is no YUV4MPEG2".to_owned(),
        _ => error.to_string(),
    })?;
    if line.is_empty() {
        return Ok(None);
    }
    line.pop().filter(|&end| end == '\n').ok_or("a line of it does not end: it is no YUV4MPEG2, or torn")?;
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn film(first_line: &str, pictures: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = format!("{first_line}\n").into_bytes();
        for picture in pictures {
            bytes.extend(b"FRAME\n");
            bytes.extend(picture);
        }
        bytes
    }

    #[test]
    fn a_film_is_read_with_its_rate_and_size() {
        let grey = |luma: u8| [vec![luma; 8], vec![128; 4]].concat();
        let bytes = film("YUV4MPEG2 W4 H2 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG", &[grey(16), grey(235)]);
        let mut source = Y4mSource::open("clip.y4m", &bytes[..]).expect("a film");
        assert!(source.rate().is_some_and(|rate| (rate - 29.97).abs() < 0.001));
        let mut frame = RgbFrame::default();
        for (index, wanted) in [(0, 0), (1, 255)] {
            let info = source.next(&mut frame).expect("readable").expect("a picture");
            assert_eq!((info.index, frame.width, frame.height), (index, 4, 2));
            assert!(frame.data.iter().all(|value| value.abs_diff(wanted) <= 1), "{:?}", frame.data);
        }
        assert!(source.next(&mut frame).expect("the end").is_none());
    }

    #[test]
    fn a_torn_last_picture_is_left_out() {
        let bytes = film("YUV4MPEG2 W2 H2 C444", &[vec![128; 12], vec![128; 11]]);
        let mut source = Y4mSource::open("clip.y4m", &bytes[..]).expect("a film");
        let mut frame = RgbFrame::default();
        assert!(source.next(&mut frame).expect("whole").is_some());
        assert!(source.next(&mut frame).expect("torn").is_none());
    }

    #[test]
    fn a_first_line_that_cannot_be_followed_says_why() {
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
        fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200), known: bool) {
            let bytes = if known { film("YUV4MPEG2 W2 H2 C444", &[vec![0; 12], bytes]) } else { bytes };
            let Ok(mut source) = Y4mSource::open("x", &bytes[..]) else { return Ok(()) };
            let mut frame = RgbFrame::default();
            for _ in 0..=bytes.len() {
                match source.next(&mut frame) {
                    Ok(Some(_)) => prop_assert!(frame.view().is_ok()),
                    Ok(None) | Err(_) => return Ok(()),
                }
            }
            prop_assert!(false, "it does not end");
        }
    }
}
