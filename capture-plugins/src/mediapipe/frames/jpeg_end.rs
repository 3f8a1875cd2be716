//! Finds where one JPEG picture ends in a stream of them.

/// Finds the end of the JPEG picture at the start of a growing buffer, examining every byte once.
///
/// Segments are skipped by their lengths, so that a thumbnail inside one is not taken for a picture; entropy-coded data
/// is searched for the marker that ends it (ITU-T T.81, B.1.1).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct JpegEnd {
    position: usize,
    in_scan: bool,
}

/// What is known about the picture at the start of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is incomplete.
    More,
    /// It is complete and ends before this byte.
    Whole(usize),
    /// It is damaged or not a picture; the next may begin at or after this byte, which is 0 only if the buffer is empty.
    Damaged(usize),
}

const START: [u8; 2] = [0xff, 0xd8];

impl JpegEnd {
    /// Continues in `buffer`, which has grown since the last call.
    pub(super) fn advance(&mut self, buffer: &[u8]) -> Progress {
        if buffer.len() < 2 {
            return Progress::More;
        }
        if buffer[..2] != START {
            return Progress::Damaged(find(buffer));
        }
        self.position = self.position.max(2);
        loop {
            let progress = match buffer.get(self.position..self.position + 2) {
                None => Some(Progress::More),
                Some(&[0xff, marker]) => self.pass_marker(marker, buffer),
                Some(_) if self.in_scan => {
                    self.position += 1;
                    None
                }
                Some(_) => Some(Progress::Damaged(find(buffer))),
            };
            if let Some(progress) = progress {
                return progress;
            }
        }
    }

    /// Moves past a marker, unless it ends the search.
    fn pass_marker(&mut self, marker: u8, buffer: &[u8]) -> Option<Progress> {
        match marker {
            0xd9 => return Some(Progress::Whole(self.position + 2)),
            // A fill byte before a marker.
            0xff => self.position += 1,
            // In entropy-coded data: an escaped 0xff, or a restart marker.
            0x00 | 0xd0..=0xd7 if self.in_scan => self.position += 2,
            // Markers without a segment.
            0x01 | 0xd0..=0xd7 => self.position += 2,
            // The next picture begins before this one ended.
            0xd8 => return Some(Progress::Damaged(self.position)),
            0x00 => return Some(Progress::Damaged(find(buffer))),
            _ => return self.pass_segment(marker, buffer),
        }
        None
    }

    /// Moves past a marker's segment, unless it ends the search.
    fn pass_segment(&mut self, marker: u8, buffer: &[u8]) -> Option<Progress> {
        let Some(&[high, low]) = buffer.get(self.position + 2..self.position + 4) else { return Some(Progress::More) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 {
            return Some(Progress::Damaged(find(buffer)));
        }
        self.position += 2 + length;
        self.in_scan = marker == 0xda;
        None
    }
}

/// Where another picture may begin in `buffer`, since a wrong length may have led far beyond it. A first byte of a start
/// marker at the very end counts.
fn find(buffer: &[u8]) -> usize {
    let whole = buffer.windows(2).skip(1).position(|pair| pair == START);
    let cut = usize::from(buffer.len() > 1 && buffer.last() == Some(&START[0]));
    whole.map_or(buffer.len() - cut, |position| position + 1)
}
