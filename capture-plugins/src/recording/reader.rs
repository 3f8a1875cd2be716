//! Reads a recording as a stream of samples.

use crate::lines::{LineError, Lines, parse_line};
use bunraku_core::sample::FaceSample;
use flate2::read::MultiGzDecoder;
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Seek as _},
    path::Path,
};

/// Bytes read at a time; memory does not grow with the recording.
const CHUNK: usize = 16 * 1024;

/// What the first bytes of every gzip archive are (RFC 1952 §2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The time between samples whose lines do not say it, in seconds.
const DEFAULT_STEP: f64 = 1.0 / 60.0;

/// The samples of a recording, in order; each line's absent parts keep the last line's values.
///
/// A line that cannot be read is skipped and counted. A last line that is torn, or an archive that is, ends the
/// recording with a warning. Times are the lines' own; a line without one follows its forerunner by 1/60 s.
pub struct RecordingReader {
    bytes: Box<dyn Read + Send>,
    lines: Lines,
    decoder: Decoder,
    ended: bool,
}

/// What the lines have said so far.
struct Decoder {
    sample: FaceSample,
    ready: VecDeque<FaceSample>,
    skipped: usize,
}

impl Default for Decoder {
    /// Nothing yet; lines that never speak of tracking have a face.
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
    /// Opens a recording, compressed or not; the content tells, so that an unfinished `.part` opens too.
    ///
    /// # Errors
    /// The file is not there or cannot be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut magic = Vec::new();
        file.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut magic)?;
        file.rewind()?;
        let bytes: Box<dyn Read + Send> =
            if magic == GZIP_MAGIC { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        Ok(Self { bytes, lines: Lines::default(), decoder: Decoder::default(), ended: false })
    }

    /// Lines and fields that could not be used so far.
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
            // Not `InvalidData` alone: a torn archive ends unexpectedly, a damaged one is invalid input.
            Err(error) if is_damage(&error) => {
                tracing::warn!("the recording's archive is damaged or torn ({error}); it is played up to there");
                self.decoder.skipped += usize::from(error.kind() != io::ErrorKind::UnexpectedEof);
                self.ended = true;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.lines.push(&chunk[..length], |line| {
            if let Err(error) = self.decoder.take(line) {
                self.decoder.skipped += 1;
                tracing::debug!("a line of the recording is skipped: {error}");
            }
        });
        Ok(())
    }

    /// The last line, if it lacks its end: whole, or torn.
    fn finish(&mut self) {
        self.ended = true;
        self.lines.finish(|line| {
            if self.decoder.take(line).is_err() {
                tracing::warn!("the recording's last line is torn; it is left out");
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
