//! A rectangle of positions on a level's grid.

/// The part of a square grid to evaluate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Positions along the whole grid's edge.
    pub edge: usize,
    /// The first row.
    pub row: usize,
    /// The first column.
    pub column: usize,
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
}

impl Window {
    /// The whole grid.
    pub const fn whole(edge: usize) -> Self {
        Self { edge, row: 0, column: 0, height: edge, width: edge }
    }

    /// A square of `size` positions within a grid.
    pub const fn square(edge: usize, row: usize, column: usize, size: usize) -> Self {
        Self { edge, row, column, height: size, width: size }
    }

    /// Number of positions.
    pub const fn len(self) -> usize {
        self.height * self.width
    }

    /// Whether it has no positions.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether it lies within its grid.
    pub const fn fits(self) -> bool {
        !self.is_empty() && self.row + self.height <= self.edge && self.column + self.width <= self.edge
    }

    /// The positions that bilinear upsampling to this window reads from the grid with half the edge.
    #[must_use]
    pub fn below(self) -> Self {
        let (row, height) = span_below(self.row, self.height, self.edge / 2);
        let (column, width) = span_below(self.column, self.width, self.edge / 2);
        Self { edge: self.edge / 2, row, column, height, width }
    }
}

/// The first position and the number of positions that `count` upsampled ones from `first` on read, out of `edge`.
fn span_below(first: usize, count: usize, edge: usize) -> (usize, usize) {
    let low = first.saturating_sub(1) / 2;
    // An even position lies between its half and the one before, an odd one between its half and the one after.
    let last = first + count - 1;
    let high = (last / 2 + last % 2).min(edge - 1);
    (low, high + 1 - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_below_is_exactly_what_interpolation_reads() {
        for (edge, first, count) in (0..16).flat_map(|f| (1..=16 - f).map(move |c| (16, f, c))) {
            let window = Window { edge, row: first, column: 0, height: count, width: edge };
            // Half-pixel centres, clamped at the edges (core/spec/student.md).
            let source = |i: usize| (i as f32 * 0.5 - 0.25).clamp(0.0, 7.0);
            let low = source(first).floor() as usize;
            let high = source(first + count - 1).ceil() as usize;
            let below = window.below();
            assert_eq!((below.row, below.row + below.height), (low, high + 1), "rows {first} + {count}");
            assert_eq!((below.column, below.width, below.edge), (0, 8, 8));
        }
    }
}
