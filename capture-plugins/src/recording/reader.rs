//! Reads a recording as an iterator of samples.

use crate::lines::{LineError, Lines, parse_line};
use bunraku_core::sample::FaceSample;
use flate2::read::MultiGzDecoder;
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Seek as _},
    path::Path,
};

/// Bytes read at a time, so that memory does not grow with the recording.
const CHUNK: usize = 16 * 1024;

/// The first two bytes of every gzip file (RFC 1952 §2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Seconds between samples whose lines have no time.
const DEFAULT_STEP: f64 = 1.0 / 60.0;

/// The samples of a recording, in order; parts absent from a line keep the previous line's values.
///
/// Invalid lines are skipped and counted. A torn last line or a truncated archive ends the recording with a warning.
/// A line without a time follows its predecessor by 1/60 s.
pub struct RecordingReader {
    bytes: Box<dyn Read + Send>,
    lines: Lines,
    decoder: Decoder,
    ended: bool,
}

/// The samples decoded so far.
struct Decoder {
    sample: FaceSample,
    ready: VecDeque<FaceSample>,
    skipped: usize,
}

impl Default for Decoder {
    /// Starts with a tracked face, for recordings that never say `tracked`.
    fn default() -> Self {
        let sample = FaceSample { tracked: true, ..FaceSample::default() };
        Self { sample, ready: VecDeque::new(), skipped: 0 }
    }
}

impl Decoder {
    fn take(&mut self, line: Result<&[u8], LineError>) -> Result<(), LineError> {
        let before = self.sample.time;
        let report = parse_line(line?, &mut self.sample)?;
        if !report.timed {
            self.sample.time = before + DEFAULT_STEP;
        }
        self.skipped += report.skipped;
        self.ready.push_back(self.sample);
        Ok(())
    }
}

impl RecordingReader {
    /// Opens a recording. Compression is detected from the content, so an unfinished `.part` opens too.
    ///
    /// # Errors
    /// The file cannot be opened or read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut magic = Vec::new();
        file.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut magic)?;
        file.rewind()?;
        let bytes: Box<dyn Read + Send> =
            if magic == GZIP_MAGIC { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        Ok(Self { bytes, lines: Lines::default(), decoder: Decoder::default(), ended: false })
    }

    /// How many lines and fields have been skipped so far.
    pub fn skipped(&self) -> usize {
        self.decoder.skipped
    }

    fn read_chunk(&mut self) -> io::Result<()> {
        let mut chunk = [0; CHUNK];
        let length = match self.bytes.read(&mut chunk) {
            Ok(0) => {
                self.finish();
                return Ok(());
            }
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            // A truncated archive ends unexpectedly; a damaged one is invalid input.
            Err(error) if is_damage(&error) => {
                tracing::warn!("the recording is damaged or truncated ({error}); playing it up to that point");
                self.decoder.skipped += usize::from(error.kind() != io::ErrorKind::UnexpectedEof);
                self.ended = true;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.lines.push(&chunk[..length], |line| {
            if let Err(error) = self.decoder.take(line) {
                self.decoder.skipped += 1;
                tracing::debug!("skipping a line of the recording: {error}");
            }
        });
        Ok(())
    }

    /// Takes the last line if it has no line end; it may be complete or torn.
    fn finish(&mut self) {
        self.ended = true;
        self.lines.finish(|line| {
            if self.decoder.take(line).is_err() {
                tracing::warn!("ignoring the recording's torn last line");
            }
        });
    }
}

fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

impl Iterator for RecordingReader {
    type Item = io::Result<FaceSample>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.decoder.ready.is_empty() && !self.ended {
            if let Err(error) = self.read_chunk() {
                self.ended = true;
                return Some(Err(error));
            }
        }
        self.decoder.ready.pop_front().map(Ok)
    }
}
