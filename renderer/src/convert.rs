//! Converts captured lines to poses, each line by itself, for `bunraku convert`.

use bunraku_capture::ProfileInfo;
use bunraku_core::{
    pose::{Parameter, Pose},
    profile::{PoseMapper, ProfileSettings},
    sample::FaceSample,
};
use serde::Serialize;
use std::io::{self, BufRead, BufReader, Read, Write};

/// The longest line accepted, in bytes; a full iFacialMocap packet or `MediaPipe` line is under 4 kB.
pub const LONGEST_LINE: usize = 1 << 20;

/// Why a line gives no pose.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Not in the profile's format, and why.
    #[error("{0}")]
    Parse(String),
    /// Longer than [`LONGEST_LINE`].
    #[error("the line is longer than {LONGEST_LINE} bytes")]
    TooLong,
}

/// One line of output.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Pose(Pose),
    Error(String),
}

/// Counts of lines and errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All lines.
    pub lines: u64,
    /// Those that gave an error.
    pub errors: u64,
}

/// Converts lines to poses. It keeps no state: equal lines give equal poses.
#[derive(Clone, Debug)]
pub struct Converter {
    parse: fn(&[u8]) -> Result<FaceSample, String>,
    mapper: PoseMapper,
    breathing: f32,
}

impl Converter {
    /// A converter of lines in `profile`'s format, which maps them with `settings`; every pose has this `breathing` (0 to 1).
    pub fn new(profile: ProfileInfo, settings: ProfileSettings, breathing: f32) -> Self {
        Self { parse: profile.lines.parse, mapper: PoseMapper::new(profile.profile, settings), breathing }
    }

    /// The pose of one line. Parts that the line lacks are 0.
    ///
    /// # Errors
    /// When the line cannot be read.
    pub fn pose(&self, line: &[u8]) -> Result<Pose, LineError> {
        let sample = (self.parse)(line).map_err(LineError::Parse)?;
        let mut pose = self.mapper.map(&sample);
        pose[Parameter::Breathing] = Parameter::Breathing.clamp(self.breathing);
        Ok(pose)
    }

    /// Converts all of `input`: `{"pose": [45 numbers]}` for each line, or `{"error": why}` for one that cannot be read.
    /// The output is flushed before waiting for more input, which makes live streams work.
    ///
    /// # Errors
    /// When reading or writing fails.
    pub fn convert<R: Read>(&self, input: R, mut output: impl Write) -> io::Result<Counts> {
        let mut input = BufReader::with_capacity(1 << 16, input);
        let (mut line, mut counts) = (Vec::new(), Counts::default());
        loop {
            if input.buffer().is_empty() {
                output.flush()?;
            }
            let pose = match read_line(&mut input, &mut line)? {
                Line::End => break,
                Line::Read => self.pose(&line),
                Line::TooLong => Err(LineError::TooLong),
            };
            counts.lines += 1;
            counts.errors += u64::from(pose.is_err());
            let outcome = pose.map_or_else(|error| Outcome::Error(error.to_string()), Outcome::Pose);
            serde_json::to_writer(&mut output, &outcome)?;
            output.write_all(b"\n")?;
        }
        output.flush()?;
        Ok(counts)
    }
}

/// What [`read_line`] found.
enum Line {
    Read,
    TooLong,
    End,
}

/// Reads the next line without its end (`\n` or `\r\n`), and skips the rest of one that is too long.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let most = LONGEST_LINE as u64 + 1;
    if input.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(Line::End);
    }
    if line.pop_if(|last| *last == b'\n').is_none() && line.len() as u64 == most {
        input.skip_until(b'\n')?;
        return Ok(Line::TooLong);
    }
    line.pop_if(|last| *last == b'\r');
    Ok(Line::Read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_capture::find_profile;
    use proptest::prelude::*;
    use serde_json::Value;

    fn converter(profile: &str) -> Converter {
        Converter::new(find_profile(profile).expect("a known profile"), ProfileSettings::default(), 0.25)
    }

    fn convert(profile: &str, input: &[u8]) -> (Vec<Value>, Counts) {
        let mut output = Vec::new();
        let counts = converter(profile).convert(input, &mut output).expect("memory does not fail");
        let lines = String::from_utf8(output).expect("JSON is UTF-8");
        (lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect(), counts)
    }

    fn number(line: &Value, parameter: Parameter) -> f64 {
        line["pose"][parameter.index()].as_f64().expect("a pose")
    }

    #[test]
    fn each_packet_stands_alone() {
        let input = b"eyeBlink_L&80|=head#-15,0,0,0,0,0|\r\neyeBlink_R&40|";
        let (lines, counts) = convert("ifacialmocap", input);
        assert_eq!(counts, Counts { lines: 2, errors: 0 });
        assert_eq!(number(&lines[0], Parameter::EyeWinkLeft), 1.0);
        assert_eq!(number(&lines[0], Parameter::HeadX), 1.0);
        assert_eq!(number(&lines[1], Parameter::EyeWinkLeft), 0.0);
        assert_eq!(number(&lines[1], Parameter::EyeWinkRight), 0.5);
        assert_eq!(number(&lines[1], Parameter::HeadX), 0.0);
        assert_eq!(number(&lines[1], Parameter::Breathing), 0.25);
    }

    #[test]
    fn an_error_takes_its_lines_place_and_the_rest_is_converted() {
        let input = b"{\"blendshapes\": {\"eyeBlinkLeft\": 0.8}}\nnonsense\n{\"matrix\": [1, 2]}\n\n{}\n";
        let (lines, counts) = convert("mediapipe", input);
        assert_eq!(counts, Counts { lines: 5, errors: 3 });
        assert_eq!(number(&lines[0], Parameter::EyeWinkLeft), 1.0);
        for index in [1, 2, 3] {
            assert!(lines[index]["error"].as_str().is_some_and(|why| why.contains("detection")), "{}", lines[index]);
        }
        assert_eq!(number(&lines[4], Parameter::EyeWinkLeft), 0.0);
    }

    #[test]
    fn a_line_without_end_is_refused_and_the_next_is_read() {
        let mut input = vec![b'|'; 3 * LONGEST_LINE];
        input.extend_from_slice(b"\njawOpen&40|");
        let (lines, counts) = convert("ifacialmocap", &input);
        assert_eq!(counts, Counts { lines: 2, errors: 1 });
        assert!(lines[0]["error"].as_str().is_some_and(|why| why.contains("longer")), "{}", lines[0]);
        assert!(number(&lines[1], Parameter::MouthAaa) > 0.0);
    }

    /// Gives one line at a time, and fails if an earlier one has not been answered.
    struct Dialogue<'a> {
        lines_left: usize,
        flushed: &'a std::cell::Cell<usize>,
        given: usize,
    }

    impl Read for Dialogue<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert_eq!(self.flushed.get(), self.given, "a line was held back");
            if self.lines_left == 0 {
                return Ok(0);
            }
            self.lines_left -= 1;
            self.given += 1;
            let line = b"jawOpen&40|\n";
            buffer[..line.len()].copy_from_slice(line);
            Ok(line.len())
        }
    }

    struct CountingOutput<'a> {
        written: usize,
        flushed: &'a std::cell::Cell<usize>,
    }

    impl Write for CountingOutput<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.written += bytes.split(|byte| *byte == b'\n').count() - 1;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.flushed.set(self.written);
            Ok(())
        }
    }

    #[test]
    fn on_a_live_stream_every_line_is_answered_before_the_next() {
        let flushed = std::cell::Cell::new(0);
        let input = Dialogue { lines_left: 3, flushed: &flushed, given: 0 };
        let output = CountingOutput { written: 0, flushed: &flushed };
        let counts = converter("ifacialmocap").convert(input, output).expect("nothing fails");
        assert_eq!(counts, Counts { lines: 3, errors: 0 });
    }

    proptest! {
        #[test]
        fn any_bytes_give_as_many_lines_as_they_have(
            input in prop::collection::vec(prop_oneof![4 => any::<u8>(), 1 => Just(b'\n'), 1 => Just(b'|')], 0..400),
            mediapipe: bool,
        ) {
            let profile = if mediapipe { "mediapipe" } else { "ifacialmocap" };
            let (lines, counts) = convert(profile, &input);
            let expected = input.split_inclusive(|byte| *byte == b'\n').count();
            prop_assert_eq!((lines.len(), counts.lines as usize), (expected, expected));
        }
    }
}
