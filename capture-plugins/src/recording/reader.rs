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
    sample: FaceSample,
    ready: VecDeque<FaceSample>,
    skipped: usize,
    ended: bool,
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
        Ok(Self {
            bytes,
            lines: Lines::default(),
            sample: FaceSample::default(),
            ready: VecDeque::new(),
            skipped: 0,
            ended: false,
        })
    }

    /// Lines and fields that could not be used so far.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    fn read_chunk(&mut self) -> io::Result<()> {
        let mut chunk = [0; CHUNK];
        let length = match self.bytes.read(&mut chunk) {
            Ok(0) => return self.finish(),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            // Not `InvalidData` alone: a torn archive ends unexpectedly, a damaged one is invalid input.
            Err(error) if is_damage(&error) => {
                tracing::warn!("the recording's archive is damaged or torn ({error}); it is played up to there");
                self.ended = true;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let (sample, ready, skipped) = (&mut self.sample, &mut self.ready, &mut self.skipped);
        self.lines.push(&chunk[..length], |line| match line.and_then(|line| read_line(line, sample)) {
            Ok(fields) => {
                *skipped += fields;
                ready.push_back(*sample);
            }
            Err(error) => {
                tracing::debug!("a line of the recording is skipped: {error}");
                *skipped += 1;
            }
        });
        Ok(())
    }

    /// The last line, if it lacks its end: whole, or torn.
    fn finish(&mut self) -> io::Result<()> {
        let (sample, ready, skipped) = (&mut self.sample, &mut self.ready, &mut self.skipped);
        self.lines.finish(|line| match line.and_then(|line| read_line(line, sample)) {
            Ok(fields) => {
                *skipped += fields;
                ready.push_back(*sample);
            }
            Err(_) => tracing::warn!("the recording's last line is torn; it is left out"),
        });
        self.ended = true;
        Ok(())
    }
}

fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

fn read_line(line: &[u8], sample: &mut FaceSample) -> Result<usize, LineError> {
    let before = sample.time;
    let report = parse_line(line, sample)?;
    if !report.timed {
        sample.time = before + DEFAULT_STEP;
    }
    Ok(report.skipped)
}

impl Iterator for RecordingReader {
    type Item = io::Result<FaceSample>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.ended {
            if let Err(error) = self.read_chunk() {
                self.ended = true;
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}
