//! Reads a map between its points.

use super::map::Map;
use crate::student::axis::{Axis, Place};

/// A map seen on another grid.
pub(super) struct Upsample<'a> {
    pub(super) map: &'a Map,
    pub(super) rows: &'a Axis,
    pub(super) columns: &'a Axis,
}

impl Upsample<'_> {
    /// Writes one channel of row `row`, columns `first` and on, into `out`; columns past the last repeat it.
    /// `first` and `out`'s length are even; `line` is room for a row of the map and 2 more.
    ///
    /// Plain loops, compiled with the caller's vector instructions.
    #[inline(always)]
    pub(super) fn read(&self, row: usize, channel: usize, first: usize, line: &mut [f32], out: &mut [f32]) {
        let Place { lower, upper, fraction } = self.rows.places[row];
        let (above, below) = (self.map.line(lower, channel), self.map.line(upper, channel));
        let last = self.map.edge - 1;
        if self.columns.is_doubling() {
            // line[j] is source column first/2 - 1 + j, so that both neighbours of every pair are at hand.
            let from = first / 2;
            let line = &mut line[..out.len() / 2 + 2];
            let inner = from.max(1) - 1..(from + out.len() / 2 + 1).min(last + 1);
            let shift = usize::from(from == 0);
            for ((to, &a), &b) in line[shift..].iter_mut().zip(&above[inner.clone()]).zip(&below[inner.clone()]) {
                *to = a + fraction * (b - a);
            }
            line[0] = if from == 0 { line[1] } else { line[0] };
            let filled = shift + inner.len();
            let edge = line[filled - 1];
            line[filled..].fill(edge);
            double(line, out);
        } else {
            for (i, to) in out.iter_mut().enumerate() {
                let column = self.columns.places[(first + i).min(self.columns.places.len() - 1)];
                let at = |x: usize| above[x] + fraction * (below[x] - above[x]);
                let (left, right) = (at(column.lower), at(column.upper));
                *to = left + column.fraction * (right - left);
            }
        }
    }
}

/// `out[2i]` and `out[2i + 1]` lie a quarter to either side of `line[i + 1]`.
#[inline(always)]
fn double(line: &[f32], out: &mut [f32]) {
    let (pairs, _) = out.as_chunks_mut::<2>();
    let count = pairs.len();
    let (before, here, after) = (&line[..count], &line[1..=count], &line[2..count + 2]);
    for i in 0..count {
        let middle = 0.75 * here[i];
        pairs[i] = [0.25 * before[i] + middle, 0.25 * after[i] + middle];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_of_a_row_equals_the_definition() {
        for (from, to) in [(8, 16), (8, 20), (9, 9), (16, 8), (5, 10), (128, 256)] {
            let mut map = Map::new(from, 2, 4);
            for (i, value) in map.values.iter_mut().enumerate() {
                *value = ((i * 7919) % 101) as f32 / 101.0;
            }
            let axis = Axis::new(from, to);
            let upsample = Upsample { map: &map, rows: &axis, columns: &axis };
            let mut line = vec![0.0; from + 2 + to];
            for first in (0..to).step_by(4) {
                let mut out = [0.0; 4];
                upsample.read(to / 3, 1, first, &mut line, &mut out);
                for (i, value) in out.into_iter().enumerate() {
                    let expected = at(&map, &axis, to / 3, (first + i).min(to - 1));
                    assert!((value - expected).abs() < 1e-6, "{from} to {to}, column {}", first + i);
                }
            }
        }
    }

    fn at(map: &Map, axis: &Axis, row: usize, column: usize) -> f32 {
        let (row, column) = (axis.places[row], axis.places[column]);
        let line = |y: usize| {
            let (left, right) = (map.line(y, 1)[column.lower], map.line(y, 1)[column.upper]);
            left + column.fraction * (right - left)
        };
        let (above, below) = (line(row.lower), line(row.upper));
        above + row.fraction * (below - above)
    }
}
