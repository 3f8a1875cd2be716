//! Means and deviations of channels.

use rayon::prelude::*;

/// Rows a task processes.
const ROWS: usize = 16;

/// The mean and spread of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moments {
    pub(super) count: f64,
    pub(super) mean: f64,
    /// The sum of the squares of the differences from the mean.
    pub(super) squares: f64,
}

impl Moments {
    /// Of two sets together (Chan, Golub and LeVeque, 1983).
    pub(super) fn join(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0.0 {
            return self;
        }
        let difference = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + difference * other.count / count,
            squares: self.squares + other.squares + difference * difference * self.count * other.count / count,
        }
    }
}

/// Of all channels of `[height, width, channels]`.
pub(super) fn of(values: &[f32], channels: usize, width: usize) -> Vec<Moments> {
    let parts = values.par_chunks(ROWS * width * channels).map(|rows| of_rows(rows, channels, width));
    joined(parts.collect(), channels)
}

/// In the order given, so that the result does not depend on scheduling.
pub(super) fn joined(parts: Vec<Vec<Moments>>, channels: usize) -> Vec<Moments> {
    parts.into_iter().fold(vec![Moments::default(); channels], |sum, part| {
        sum.into_iter().zip(part).map(|(a, b)| a.join(b)).collect()
    })
}

/// The moments of some rows. Numbers are taken relative to their channel's first, so that a constant channel has no
/// deviation.
#[inline(always)]
pub(super) fn of_rows(rows: &[f32], channels: usize, width: usize) -> Vec<Moments> {
    let pivot = &rows[..channels];
    let (mut totals, mut total_squares) = (vec![0.0_f64; channels], vec![0.0_f64; channels]);
    let (mut sums, mut squares) = (vec![0.0_f32; channels], vec![0.0_f32; channels]);
    for row in rows.chunks(width * channels) {
        sums.fill(0.0);
        squares.fill(0.0);
        for pixel in row.chunks_exact(channels) {
            for (((sum, square), &value), &pivot) in sums.iter_mut().zip(&mut squares).zip(pixel).zip(pivot) {
                let difference = value - pivot;
                *sum += difference;
                *square += difference * difference;
            }
        }
        totals.iter_mut().zip(&sums).for_each(|(total, &sum)| *total += f64::from(sum));
        total_squares.iter_mut().zip(&squares).for_each(|(total, &sum)| *total += f64::from(sum));
    }
    let count = (rows.len() / channels) as f64;
    let moments = totals.iter().zip(&total_squares).zip(pivot).map(|((&total, &squares), &pivot)| Moments {
        count,
        mean: f64::from(pivot) + total / count,
        squares: (squares - total * total / count).max(0.0),
    });
    moments.collect()
}
