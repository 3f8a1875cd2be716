//! Face samples as lines of JSON: splitting a stream into lines with bounded memory, and parsing them.

use bunraku_core::sample::{FaceSample, SampleUpdate};

/// The longest accepted line in bytes; a complete sample takes about 2000.
pub const LINE_LIMIT: usize = 64 * 1024;

/// Why a line is not a face sample.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The line is longer than [`LINE_LIMIT`].
    #[error("the line is longer than {LINE_LIMIT} bytes")]
    TooLong,
    /// The line is not a JSON object.
    #[error("the line is not a JSON object, `{{…}}`")]
    NotAnObject,
    /// A field has the wrong type or value.
    #[error("the line is not a face sample: {0}")]
    Json(#[from] serde_json::Error),
}

/// What a line contained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineReport {
    /// Whether it held the sample's time.
    pub timed: bool,
    /// How many of its fields were ignored because they name no blendshape.
    pub skipped: usize,
}

/// Updates `sample` from a line of JSON; absent parts keep their value. Every number in `sample` stays finite.
///
/// # Errors
/// The line is too long or not a face sample; `sample` is then unchanged.
pub fn parse_line(line: &[u8], sample: &mut FaceSample) -> Result<LineReport, LineError> {
    if line.len() > LINE_LIMIT {
        return Err(LineError::TooLong);
    }
    // serde would accept an array in place of an object.
    if line.trim_ascii_start().first() != Some(&b'{') {
        return Err(LineError::NotAnObject);
    }
    let update: SampleUpdate = serde_json::from_slice(line)?;
    Ok(LineReport { timed: update.time.is_some(), skipped: sample.apply(&update) })
}

/// Splits a stream into lines, discarding lines that are too long.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    begun: Vec<u8>,
    too_long: bool,
}

impl Lines {
    /// Passes each line completed by `bytes` to `take`, without its line end; empty lines are skipped.
    pub(crate) fn push(&mut self, bytes: &[u8], mut take: impl FnMut(Result<&[u8], LineError>)) {
        let mut parts = bytes.split(|&byte| byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            self.extend(part);
            self.take(&mut take);
        }
        self.extend(last);
    }

    /// Passes on an unfinished last line at the end of the stream.
    pub(crate) fn finish(&mut self, mut take: impl FnMut(Result<&[u8], LineError>)) {
        self.take(&mut take);
    }

    fn extend(&mut self, part: &[u8]) {
        if self.begun.len() + part.len() > LINE_LIMIT {
            self.too_long = true;
            self.begun.clear();
        }
        if !self.too_long {
            self.begun.extend_from_slice(part);
        }
    }

    fn take(&mut self, take: &mut impl FnMut(Result<&[u8], LineError>)) {
        let line = self.begun.trim_ascii();
        if self.too_long {
            take(Err(LineError::TooLong));
        } else if !line.is_empty() {
            take(Ok(line));
        }
        self.begun.clear();
        self.too_long = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_core::sample::Blendshape;
    use proptest::prelude::*;

    fn split(chunks: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        let mut take = |line: Result<&[u8], LineError>| found.push(line.ok().map(<[u8]>::to_vec));
        for chunk in chunks {
            lines.push(chunk, &mut take);
        }
        lines.finish(&mut take);
        found
    }

    #[test]
    fn a_line_that_is_too_long_is_one_error_and_the_next_line_is_read() {
        let long = vec![b'x'; 3 * LINE_LIMIT];
        assert_eq!(
            split(&[b"a\r\n\nb", b"c\n", &long, &long, b"\nd"]),
            [Some(b"a".to_vec()), Some(b"bc".to_vec()), None, Some(b"d".to_vec())]
        );
    }

    #[test]
    fn a_line_updates_the_sample_and_a_bad_line_changes_nothing() {
        let mut sample = FaceSample::default();
        let line = br#"{"time": 2, "blendshapes": {"jawOpen": 0.5, "nose": 1}, "more": 1}"#;
        assert_eq!(parse_line(line, &mut sample).expect("a sample"), LineReport { timed: true, skipped: 1 });
        let before = sample;
        for bad in ["", "[]", "7", "{", r#"{"time": "x"}"#, r#"{"blendshapes": {"jawOpen": 1e999}}"#, r#"{"head": 3}"#]
        {
            assert!(parse_line(bad.as_bytes(), &mut sample).is_err(), "{bad}");
        }
        assert_eq!(sample, before);
        assert_eq!(sample[Blendshape::JawOpen], 0.5);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_where_the_stream_is_cut(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200),
            cut in 0_usize..200,
        ) {
            let (one, two) = text.split_at(cut.min(text.len()));
            prop_assert_eq!(split(&[&text]), split(&[one, two]));
        }

        #[test]
        fn any_bytes_parse_or_fail_without_panicking(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse_line(&line, &mut FaceSample::default()).ok();
        }
    }
}
