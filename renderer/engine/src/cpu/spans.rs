//! Which positions of each grid are needed to draw the character and nothing of its background.

use crate::{Detail, Frame, axis::Axis};
use std::ops::Range;

/// A value of the alpha channel, in [-1, 1], below which a coarse pixel counts as empty: 1/256 of full.
const EMPTY: f32 = -1.0 + 2.0 / 256.0;

/// For each row of a grid, the columns that are needed; empty where none is.
pub(super) type Columns = Vec<Range<usize>>;

/// What is needed of every grid, from the output down. Filling it allocates only when a size changes.
#[derive(Debug, Default)]
pub(super) struct Spans {
    found: Columns,
    /// Of the output.
    pub(super) output: Columns,
    samples: Columns,
    /// Of the last level.
    pub(super) third: Columns,
    /// Of the level below it.
    pub(super) second: Columns,
}

impl Spans {
    /// Finds where something is in `coarse`, and what is needed to draw that much: `to_third` leads from the composite's
    /// samples to the last level's grid, `to_second` from that to the level below.
    pub(super) fn find(&mut self, coarse: &Frame, detail: Detail, to_third: &Axis, to_second: &Axis) {
        find(coarse, &mut self.found);
        let Detail { size, samples, .. } = detail;
        let found = &self.found;
        self.output.clear();
        self.output.extend((0..size).map(|row| around(found, row * found.len() / size, size)));
        let output = &self.output;
        self.samples.clear();
        self.samples.extend((0..size * samples).map(|row| {
            let columns = &output[row / samples];
            columns.start * samples..columns.end * samples
        }));
        read_by(&self.samples, to_third, &mut self.third);
        read_by(&self.third, to_second, &mut self.second);
    }
}

/// The columns from the first to the last coarse pixel of each row that may hold something.
fn find(coarse: &Frame, found: &mut Columns) {
    let alpha = &coarse.planes[3 * coarse.size * coarse.size..];
    found.clear();
    found.extend(alpha.chunks_exact(coarse.size).map(|row| {
        let first = row.iter().position(|&value| value > EMPTY);
        let last = row.iter().rposition(|&value| value > EMPTY);
        first.zip(last).map_or(0..0, |(first, last)| first..last + 1)
    }));
}

/// What was found in a coarse row and its neighbours, one coarse pixel more to each side, on a grid of `edge` points: so
/// what is thinner than a coarse pixel is found with what it is joined to.
fn around(found: &Columns, row: usize, edge: usize) -> Range<usize> {
    let rows = &found[row.saturating_sub(1)..(row + 2).min(found.len())];
    let columns = rows.iter().fold(0..0, |all, columns| union(&all, columns));
    if columns.is_empty() {
        return columns;
    }
    let first = columns.start.saturating_sub(1) * edge / found.len();
    first..((columns.end + 1) * edge).div_ceil(found.len()).min(edge)
}

/// What of the grid below is read to evaluate `columns` of a grid.
fn read_by(columns: &Columns, axis: &Axis, below: &mut Columns) {
    below.clear();
    below.resize(axis.from, 0..0);
    for (row, columns) in columns.iter().enumerate().filter(|(_, columns)| !columns.is_empty()) {
        let read = axis.lower[columns.start]..axis.upper[columns.end - 1] + 1;
        for below in &mut below[axis.lower[row]..=axis.upper[row]] {
            *below = union(below, &read);
        }
    }
}

fn union(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b.clone(),
        (_, true) => a.clone(),
        _ => a.start.min(b.start)..a.end.max(b.end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Quality;

    fn coarse_with_a_dot(row: usize, column: usize) -> Frame {
        let mut coarse = Frame::default();
        coarse.resize(16);
        coarse.planes.fill(-1.0);
        coarse.planes[3 * 256 + row * 16 + column] = 0.5;
        coarse
    }

    #[test]
    fn what_is_found_is_drawn_with_a_margin_and_nothing_else() {
        let detail = Detail { levels: [16, 32, 128], ..Detail::new(128, Quality::High) };
        let mut spans = Spans::default();
        spans.find(&coarse_with_a_dot(8, 6), detail, &Axis::new(128, 512), &Axis::new(32, 128));
        for (row, columns) in spans.output.iter().enumerate() {
            let expected = if (7 * 8..10 * 8).contains(&row) { 5 * 8..8 * 8 } else { 0..0 };
            assert_eq!(*columns, expected, "row {row}");
        }
    }

    #[test]
    fn every_grid_is_known_wherever_the_one_above_reads_it() {
        for (size, quality) in [(128, Quality::High), (150, Quality::Fast), (200, Quality::High), (700, Quality::Fast)]
        {
            let detail = Detail::new(size, quality);
            let to_third = Axis::new(detail.levels[2], detail.size * detail.samples);
            let to_second = Axis::new(detail.levels[1], detail.levels[2]);
            let mut spans = Spans::default();
            spans.find(&coarse_with_a_dot(3, 11), detail, &to_third, &to_second);
            for (columns, axis, below) in
                [(&spans.samples, &to_third, &spans.third), (&spans.third, &to_second, &spans.second)]
            {
                for (row, column) in columns.iter().enumerate().flat_map(|(row, c)| c.clone().map(move |c| (row, c))) {
                    for (y, x) in [(axis.lower[row], axis.lower[column]), (axis.upper[row], axis.upper[column])] {
                        assert!(below[y].contains(&x), "{size} {quality}: ({row}, {column}) reads ({y}, {x})");
                    }
                }
            }
        }
    }
}
