//! Renders a posed picture with everything that the losses compare, in independent bands of rows.

use super::{
    RigFrame,
    compose::{PosedLayer, Scanline, warp},
    motion::Motion,
};
use bunraku_core::character::IMAGE_SIZE;
use rayon::prelude::*;

/// Rows of a band.
const BAND: usize = 16;

/// The contrast at which a difference that the motion cannot show counts as fully painted.
const PAINTED: f32 = 4.0;

/// A band of each part of a frame, plane by plane.
struct Band<'a> {
    posed: [&'a mut [f32]; 4],
    warped: [&'a mut [f32]; 4],
    grid_change: [&'a mut [f32]; 2],
    alpha: [&'a mut [f32]; 1],
    face_morphed_full: [&'a mut [f32]; 4],
}

/// The frame of `layers`, front to back, moved by `motion`. `still` is the same face without motion.
pub(super) fn frame(layers: &[PosedLayer<'_>], motion: &Motion, still: &[[f32; 4]]) -> RigFrame {
    let empty = |channels: usize| vec![0.0; channels * IMAGE_SIZE * IMAGE_SIZE];
    let mut frame = RigFrame {
        posed: empty(4),
        warped: empty(4),
        grid_change: empty(2),
        alpha: empty(1),
        face_morphed_full: empty(4),
    };
    let bands = bands(&mut frame);
    bands.into_par_iter().enumerate().for_each_init(Scanline::new, |line, (index, mut band)| {
        for row in 0..BAND {
            let y = index * BAND + row;
            line.compose(layers, motion, y, &(0..IMAGE_SIZE));
            band.fill(row, y, line, still);
        }
    });
    frame
}

fn bands(frame: &mut RigFrame) -> Vec<Band<'_>> {
    let RigFrame { posed, warped, grid_change, alpha, face_morphed_full } = frame;
    let parts =
        (bands_of(posed), bands_of(warped), bands_of(grid_change), bands_of(alpha), bands_of(face_morphed_full));
    let (posed, warped, grid_change, alpha, face_morphed_full) = parts;
    let parts = posed.into_iter().zip(warped).zip(grid_change).zip(alpha).zip(face_morphed_full);
    parts
        .map(|((((posed, warped), grid_change), alpha), face_morphed_full)| Band {
            posed,
            warped,
            grid_change,
            alpha,
            face_morphed_full,
        })
        .collect()
}

/// Cuts `C` planes into bands, top to bottom.
fn bands_of<const C: usize>(planes: &mut [f32]) -> Vec<[&mut [f32]; C]> {
    let planes = planes.chunks_mut(IMAGE_SIZE * IMAGE_SIZE);
    let mut planes: Vec<_> = planes.map(|plane| plane.chunks_mut(BAND * IMAGE_SIZE)).collect();
    let mut band = || std::array::from_fn(|channel| planes[channel].next().unwrap_or_default());
    (0..IMAGE_SIZE / BAND).map(|_| band()).collect()
}

impl Band<'_> {
    /// Writes row `row` of the band, the picture's row `y`, from the composited scanline.
    fn fill(&mut self, row: usize, y: usize, line: &Scanline, still: &[[f32; 4]]) {
        const UNIT: f32 = 2.0 / IMAGE_SIZE as f32;
        for column in 0..IMAGE_SIZE {
            let at = row * IMAGE_SIZE + column;
            let (seen, shift) = (line.color[column], [line.shift[0][column], line.shift[1][column]]);
            let moved = warp(still, column as f32 + 0.5 + shift[0], y as f32 + 0.5 + shift[1]);
            let rest = still[y * IMAGE_SIZE + column];
            let mut unlike = 0.0_f32;
            for channel in 0..4 {
                self.posed[channel][at] = seen[channel] * 2.0 - 1.0;
                self.warped[channel][at] = moved[channel] * 2.0 - 1.0;
                self.face_morphed_full[channel][at] = rest[channel] * 2.0 - 1.0;
                unlike = unlike.max((seen[channel] - moved[channel]).abs());
            }
            self.grid_change[0][at] = shift[0] * UNIT;
            self.grid_change[1][at] = shift[1] * UNIT;
            self.alpha[0][at] = (PAINTED * unlike).min(1.0);
        }
    }
}
