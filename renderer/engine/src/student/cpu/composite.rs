//! The warp and the blend: the body's seven channels and the character's picture become the frame.

use super::{
    map::Map,
    spans::Columns,
    threads::{Scratches, Threads},
    upsample::Upsample,
};
use crate::{
    CpuFrame,
    student::{
        Grids,
        axis::{Axis, position},
        plan::{BODY_CHANNELS, FACE_CHANNELS},
    },
};
use bunraku_core::character::{CharacterImage, FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// A transparent pixel's value in every channel.
const NOTHING: f32 = -1.0;

/// The character's picture, the four channels of a pixel together, which is how the warp reads it.
#[derive(Debug)]
pub(super) struct Picture(Vec<[f32; FACE_CHANNELS]>);

impl Picture {
    pub(super) fn new(image: &CharacterImage) -> Self {
        let area = IMAGE_SIZE * IMAGE_SIZE;
        Self((0..area).map(|i| std::array::from_fn(|channel| image.planes[channel * area + i])).collect())
    }

    /// Overwrites the face window.
    pub(super) fn put_face(&mut self, face: &Map) {
        for row in 0..FACE_SIZE {
            let at = (FACE_ROW + row) * IMAGE_SIZE + FACE_COLUMN;
            for channel in 0..FACE_CHANNELS {
                for (pixel, &value) in self.0[at..at + FACE_SIZE].iter_mut().zip(face.line(row, channel)) {
                    pixel[channel] = value;
                }
            }
        }
    }

    /// The picture at (x, y) in [-1, 1], bilinear, its border continued outwards (`core/spec/student.md`).
    #[inline(always)]
    pub(super) fn sample(&self, x: f32, y: f32) -> [f32; FACE_CHANNELS] {
        const LAST: f32 = (IMAGE_SIZE - 1) as f32;
        let place = |v: f32| (((v + 1.0) * IMAGE_SIZE as f32 - 1.0) * 0.5).clamp(0.0, LAST);
        let (u, v) = (place(x), place(y));
        let (column, row) = (u as usize, v as usize);
        let (fu, fv) = (u - column as f32, v - row as f32);
        let right = (column + 1).min(IMAGE_SIZE - 1);
        let (above, below) = (row * IMAGE_SIZE, (row + 1).min(IMAGE_SIZE - 1) * IMAGE_SIZE);
        let corners = [self.0[above + column], self.0[above + right], self.0[below + column], self.0[below + right]];
        let weights = [(1.0 - fu) * (1.0 - fv), fu * (1.0 - fv), (1.0 - fu) * fv, fu * fv];
        std::array::from_fn(|c| (0..4).map(|i| weights[i] * corners[i][c]).sum())
    }
}

/// Warps and blends, `grids.samples`² samples to a pixel.
#[derive(Debug)]
pub(super) struct Composite {
    grids: Grids,
    /// From the samples' grid onto the last level's.
    pub(super) axis: Axis,
}

/// One thread's buffers: a row of samples of the seven channels, and a row of the map.
#[derive(Debug)]
pub(super) struct Lines {
    channels: Vec<f32>,
    line: Vec<f32>,
}

impl Composite {
    pub(super) fn new(grids: Grids) -> Self {
        Self { grids, axis: Axis::new(grids.levels[2], grids.size * grids.samples) }
    }

    /// Room for one thread.
    pub(super) fn lines(&self) -> Lines {
        let row = (self.grids.size * self.grids.samples).next_multiple_of(2);
        Lines { channels: vec![0.0; BODY_CHANNELS * row], line: vec![0.0; row + 2] }
    }

    /// Fills `frame` from the body's seven channels.
    pub(super) fn run(
        &self,
        picture: &Picture,
        body: &Map,
        columns: Option<&Columns>,
        frame: &mut CpuFrame,
        threads: &Threads,
        scratches: &Scratches<Lines>,
    ) {
        let size = self.grids.size;
        frame.resize(size);
        let (red, rest) = frame.planes.split_at_mut(size * size);
        let (green, rest) = rest.split_at_mut(size * size);
        let (blue, alpha) = rest.split_at_mut(size * size);
        let rows = |plane| <[f32] as ParallelSliceMut<f32>>::par_chunks_mut(plane, size);
        threads.install(|| {
            let rows = rows(red).zip(rows(green)).zip(rows(blue)).zip(rows(alpha)).enumerate();
            rows.for_each(|(y, (((red, green), blue), alpha))| {
                let lines = &mut *scratches.mine();
                let out = [red, green, blue, alpha];
                let columns = columns.map_or(0..size, |columns| columns[y].clone());
                threads.arch.dispatch(Row { composite: self, picture, body, y, columns, out, lines });
            });
        });
    }
}

struct Row<'a> {
    composite: &'a Composite,
    picture: &'a Picture,
    body: &'a Map,
    y: usize,
    columns: Range<usize>,
    out: [&'a mut [f32]; FACE_CHANNELS],
    lines: &'a mut Lines,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Self { composite, picture, body, y, columns, mut out, lines } = self;
        let Grids { size, samples, .. } = composite.grids;
        let upsample = Upsample { map: body, rows: &composite.axis, columns: &composite.axis };
        let row = lines.channels.len() / BODY_CHANNELS;
        for plane in &mut out {
            plane.fill(NOTHING);
            plane[columns.clone()].fill(0.0);
        }
        let share = 1.0 / (samples * samples) as f32;
        for sub in y * samples..(y + 1) * samples {
            for (channel, to) in lines.channels.chunks_exact_mut(row).enumerate() {
                upsample.read(sub, channel, 0, &mut lines.line, to);
            }
            let sample_y = position(sub, size * samples);
            for i in columns.start * samples..columns.end * samples {
                let value = |channel: usize| lines.channels[channel * row + i];
                let warped = picture.sample(position(i, size * samples) + value(0), sample_y + value(1));
                let alpha = value(2);
                for (channel, plane) in out.iter_mut().enumerate() {
                    let blended = (1.0 - alpha) * warped[channel] + alpha * value(3 + channel);
                    plane[i / samples] += share * blended;
                }
            }
        }
    }
}
