//! The layers put together: a posed picture, and the one motion that comes closest to it.

use super::{
    layer::Follows,
    motion::{Motion, Place},
    raster::Pixels,
};
use bunraku_core::character::IMAGE_SIZE;
use rayon::prelude::*;

/// A layer ready to be put down.
pub(super) struct Sheet<'a> {
    pub pixels: &'a Pixels,
    pub follows: Follows,
    pub depth: f32,
}

/// A pixel of the posed picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// Linear light, premultiplied, in [0, 1].
    pub color: [f32; 4],
    /// Where it comes from, relative to itself, in picture units: that of the layers, as far as each is seen.
    pub shift: [f32; 2],
}

/// Puts down the layers, given front to back, over the rows `rows` and columns `columns` of the picture.
pub(super) fn compose(
    sheets: &[Sheet<'_>],
    motion: &Motion,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> Vec<Seen> {
    let width = columns.len();
    let mut out = vec![Seen::default(); rows.len() * width];
    out.par_chunks_mut(width).enumerate().for_each(|(index, line)| {
        let y = (rows.start + index) as f32 + 0.5;
        for (pixel, column) in line.iter_mut().zip(columns.clone()) {
            *pixel = look(sheets, motion, column as f32 + 0.5, y);
        }
    });
    out
}

/// What is seen at one place: front to back until nothing shines through.
fn look(sheets: &[Sheet<'_>], motion: &Motion, x: f32, y: f32) -> Seen {
    let place = motion.place(x, y);
    let mut seen = Seen::default();
    let mut left = 1.0;
    for sheet in sheets.iter().filter(|sheet| may_reach(sheet.pixels, x, y)) {
        let [u, v] = motion.source(&place, sheet.follows, sheet.depth);
        let color = sheet.pixels.sample(u, v);
        if color[3] == 0.0 {
            continue;
        }
        seen.color = std::array::from_fn(|channel| seen.color[channel] + left * color[channel]);
        seen.shift[0] += left * color[3] * (u - x);
        seen.shift[1] += left * color[3] * (v - y);
        left *= 1.0 - color[3];
        if left < 1.0 / 1024.0 {
            return seen;
        }
    }
    let [u, v] = nowhere(motion, &place);
    seen.shift = [seen.shift[0] + left * (u - x), seen.shift[1] + left * (v - y)];
    seen
}

fn may_reach(pixels: &Pixels, x: f32, y: f32) -> bool {
    let (bounds, reach) = (pixels.bounds, Motion::REACH);
    x > bounds.x0 - reach && x < bounds.x1 + reach && y > bounds.y0 - reach && y < bounds.y1 + reach
}

/// How empty places move: with what is nearest in depth to them, so that the motion has no edge at the outline.
fn nowhere(motion: &Motion, place: &Place) -> [f32; 2] {
    motion.source(place, Follows::Neck, 0.0)
}

/// Samples a picture of `IMAGE_SIZE` bilinearly, its edge continued outward, as the student's warp does
/// (`spec/THA4.md` §2.2); places in picture units, pixel centres at halves.
pub(super) fn warp(picture: &[Seen], x: f32, y: f32) -> [f32; 4] {
    let last = (IMAGE_SIZE - 1) as f32;
    let (u, v) = ((x - 0.5).clamp(0.0, last), (y - 0.5).clamp(0.0, last));
    let (column, row) = (u as usize, v as usize);
    let (s, t) = (u - column as f32, v - row as f32);
    let (right, below) = ((column + 1).min(IMAGE_SIZE - 1), (row + 1).min(IMAGE_SIZE - 1));
    let at = |row: usize, column: usize| picture[row * IMAGE_SIZE + column].color;
    let (a, b, c, d) = (at(row, column), at(row, right), at(below, column), at(below, right));
    std::array::from_fn(|i| {
        let (top, bottom) = (a[i] + (b[i] - a[i]) * s, c[i] + (d[i] - c[i]) * s);
        top + (bottom - top) * t
    })
}
