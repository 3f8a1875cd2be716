//! The positions of each grid that are needed to draw the character without its background.

use crate::{
    CpuFrame,
    student::{Grids, axis::Axis},
};
use std::ops::Range;

/// Alpha, in [-1, 1], below which a coarse pixel counts as empty: 1/256 of full.
const EMPTY: f32 = -1.0 + 2.0 / 256.0;

/// For each row of a grid, the columns that are needed, or an empty range.
pub(super) type Columns = Vec<Range<usize>>;

/// The needed part of every grid, from the output down. Filling it allocates only when a size changes.
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
    /// Finds the character in `coarse`, and the positions that it needs: `to_third` leads from the composite's samples to
    /// the last level's grid, `to_second` from there to the level below.
    pub(super) fn find(&mut self, coarse: &CpuFrame, grids: Grids, to_third: &Axis, to_second: &Axis) {
        find(coarse, &mut self.found);
        let Grids { size, samples, .. } = grids;
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
fn find(coarse: &CpuFrame, found: &mut Columns) {
    let alpha = &coarse.planes[3 * coarse.size * coarse.size..];
    found.clear();
    found.extend(alpha.chunks_exact(coarse.size).map(|row| {
        let first = row.iter().position(|&value| value > EMPTY);
        let last = row.iter().rposition(|&value| value > EMPTY);
        first.zip(last).map_or(0..0, |(first, last)| first..last + 1)
    }));
}

/// The columns found in a coarse row and its neighbours, and one coarse pixel more to each side, on a grid of `edge`
/// points. So a feature thinner than a coarse pixel is found with the part that it is joined to.
fn around(found: &Columns, row: usize, edge: usize) -> Range<usize> {
    let rows = &found[row.saturating_sub(1)..(row + 2).min(found.len())];
    let columns = rows.iter().fold(0..0, |all, columns| union(&all, columns));
    if columns.is_empty() {
        return columns;
    }
    let first = columns.start.saturating_sub(1) * edge / found.len();
    first..((columns.end + 1) * edge).div_ceil(found.len()).min(edge)
}

/// The columns of the grid below that are read to evaluate `columns` of a grid.
fn read_by(columns: &Columns, axis: &Axis, below: &mut Columns) {
    below.clear();
    below.resize(axis.from, 0..0);
    for (row, columns) in columns.iter().enumerate().filter(|(_, columns)| !columns.is_empty()) {
        let read = axis.places[columns.start].lower..axis.places[columns.end - 1].upper + 1;
        for below in &mut below[axis.places[row].lower..=axis.places[row].upper] {
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
    use crate::{Quality, View};

    fn coarse_with_a_dot(row: usize, column: usize) -> CpuFrame {
        let mut coarse = CpuFrame::default();
        coarse.resize(16);
        coarse.planes.fill(-1.0);
        coarse.planes[3 * 256 + row * 16 + column] = 0.5;
        coarse
    }

    #[test]
    fn only_the_character_and_a_margin_are_drawn() {
        let grids = Grids { levels: [16, 32, 128], ..Grids::new(View::new(128, Quality::High)) };
        let mut spans = Spans::default();
        spans.find(&coarse_with_a_dot(8, 6), grids, &Axis::new(128, 512), &Axis::new(32, 128));
        for (row, columns) in spans.output.iter().enumerate() {
            let expected = if (7 * 8..10 * 8).contains(&row) { 5 * 8..8 * 8 } else { 0..0 };
            assert_eq!(*columns, expected, "row {row}");
        }
    }

    #[test]
    fn every_grid_is_evaluated_wherever_the_one_above_reads_it() {
        for (size, quality) in [(128, Quality::High), (150, Quality::Fast), (200, Quality::High), (700, Quality::Fast)]
        {
            let grids = Grids::new(View::new(size, quality));
            let to_third = Axis::new(grids.levels[2], grids.size * grids.samples);
            let to_second = Axis::new(grids.levels[1], grids.levels[2]);
            let mut spans = Spans::default();
            spans.find(&coarse_with_a_dot(3, 11), grids, &to_third, &to_second);
            for (columns, axis, below) in
                [(&spans.samples, &to_third, &spans.third), (&spans.third, &to_second, &spans.second)]
            {
                for (row, column) in columns.iter().enumerate().flat_map(|(row, c)| c.clone().map(move |c| (row, c))) {
                    let (y, x) = (axis.places[row], axis.places[column]);
                    for (y, x) in [(y.lower, x.lower), (y.upper, x.upper)] {
                        assert!(below[y].contains(&x), "{size} {quality}: ({row}, {column}) reads ({y}, {x})");
                    }
                }
            }
        }
    }
}
