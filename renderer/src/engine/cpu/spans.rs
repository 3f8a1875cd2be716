//! Which columns of each row hold something of the character.

use crate::engine::Frame;
use std::ops::Range;

/// A value of the alpha channel, in [-1, 1], below which a coarse pixel counts as empty: 1/256 of full.
const EMPTY: f32 = -1.0 + 2.0 / 256.0;

/// For each row of a coarse grid, the columns from the first to the last that may hold something, one more to each side,
/// those of the rows above and below included: what is thinner than a coarse pixel is found with its surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spans {
    found: Vec<Range<usize>>,
    widened: Vec<Range<usize>>,
}

impl Spans {
    /// Finds the spans of a coarse frame. Allocates only when its size changes.
    pub(super) fn find(&mut self, coarse: &Frame) {
        let size = coarse.size;
        self.found.clear();
        let alpha = &coarse.planes[3 * size * size..];
        self.found.extend(alpha.chunks_exact(size).map(|row| {
            let first = row.iter().position(|&value| value > EMPTY);
            let last = row.iter().rposition(|&value| value > EMPTY);
            first.zip(last).map_or(0..0, |(first, last)| first.saturating_sub(1)..(last + 2).min(size))
        }));
        self.widened.clear();
        let found = &self.found;
        self.widened.extend((0..size).map(|row| union(&found[row.saturating_sub(1)..(row + 2).min(size)])));
    }

    /// The columns of row `row` of a grid of `edge` points that have to be evaluated.
    ///
    /// They include what a finer grid reads between the points of this one: two points more to each side.
    pub(super) fn columns(&self, row: usize, edge: usize) -> Range<usize> {
        let coarse = self.widened.len();
        let cell = |row: usize| row.min(edge - 1) * coarse / edge;
        let span = union(&self.widened[cell(row.saturating_sub(2))..=cell(row + 2)]);
        if span.is_empty() {
            return 0..0;
        }
        (span.start * edge / coarse).saturating_sub(2)..((span.end * edge).div_ceil(coarse) + 2).min(edge)
    }
}

fn union(spans: &[Range<usize>]) -> Range<usize> {
    let spans = spans.iter().filter(|span| !span.is_empty());
    spans.fold(
        0..0,
        |all, span| {
            if all.is_empty() { span.clone() } else { all.start.min(span.start)..all.end.max(span.end) }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_hold_what_is_there_with_a_margin_and_nothing_else() {
        let mut coarse = Frame::default();
        coarse.resize(16);
        coarse.planes.fill(-1.0);
        coarse.planes[3 * 256 + 8 * 16 + 6] = 0.5;
        let mut spans = Spans::default();
        spans.find(&coarse);
        for row in 0..128 {
            let columns = spans.columns(row, 128);
            if (8 * 8..9 * 8).contains(&row) {
                assert!(columns.start <= 6 * 8 - 8 && columns.end >= 7 * 8 + 8, "row {row}: {columns:?}");
            }
            assert!(columns.len() <= 3 * 8 + 4, "row {row}: {columns:?}");
            assert_eq!(columns.is_empty(), !(7 * 8 - 2..10 * 8 + 2).contains(&row), "row {row}: {columns:?}");
        }
    }
}
