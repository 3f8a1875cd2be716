//! The definition: a student's frame in plain scalar code, one position at a time.
//!
//! Slow and obvious. The vector code and every shader are tested against it.

use crate::{
    CpuFrame,
    sine::sine,
    student::{
        Grids, Plan, Stage,
        axis::{Axis, position},
        plan::{BODY_CHANNELS, FACE_CHANNELS},
    },
};
use bunraku_core::{
    character::{CharacterImage, FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE, Linear},
    pose::Pose,
};

/// Values on a square grid, the channels of a point together: `[edge, edge, channels]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    /// Points along an edge.
    pub(crate) edge: usize,
    /// Values at a point.
    pub(crate) channels: usize,
    /// `edge * edge * channels` values.
    pub(crate) values: Vec<f32>,
}

impl Grid {
    /// The values at a point.
    pub(crate) fn at(&self, row: usize, column: usize) -> &[f32] {
        &self.values[(row * self.edge + column) * self.channels..][..self.channels]
    }

    /// The values between points, `axis` leading from the finer grid to this one.
    pub(crate) fn between(&self, axis: &Axis, row: usize, column: usize) -> Vec<f32> {
        let (row, column) = (axis.places[row], axis.places[column]);
        let line = |y: usize| lerp(self.at(y, column.lower), self.at(y, column.upper), column.fraction);
        lerp(&line(row.lower), &line(row.upper), row.fraction)
    }
}

fn lerp(a: &[f32], b: &[f32], t: f32) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + t * (b - a)).collect()
}

/// `W x + b`.
pub(crate) fn linear(layer: &Linear, input: &[f32]) -> Vec<f32> {
    let rows = layer.weight.chunks_exact(layer.inputs).zip(&layer.bias);
    rows.map(|(row, bias)| row.iter().zip(input).fold(*bias, |sum, (w, x)| w.mul_add(*x, sum))).collect()
}

/// A stage's first features: position, pose and the level below's features there, through the sine.
pub(crate) fn entry(stage: &Stage, bias: &[f32], x: f32, y: f32, below: Option<&[f32]>) -> Vec<f32> {
    let channel = |c: usize| {
        let feature = below.map_or(0.0, |below| below[c]);
        sine(stage.entry.x[c].mul_add(x, stage.entry.y[c].mul_add(y, bias[c])) + feature)
    };
    (0..bias.len()).map(channel).collect()
}

/// A stage on a grid of `edge` points.
pub(crate) fn stage(stage: &Stage, pose: &Pose, edge: usize, below: Option<&Grid>) -> Grid {
    let mut bias = vec![0.0; stage.entry.width()];
    stage.entry.fold_pose(pose, &mut bias);
    let axis = below.map(|below| Axis::new(below.edge, edge));
    let mut values = Vec::with_capacity(edge * edge * stage.exit.outputs);
    for row in 0..edge {
        for column in 0..edge {
            let below = below.zip(axis.as_ref()).map(|(below, axis)| below.between(axis, row, column));
            let mut features = entry(stage, &bias, position(column, edge), position(row, edge), below.as_deref());
            for layer in &stage.hidden {
                features = linear(layer, &features).into_iter().map(sine).collect();
            }
            values.extend(linear(&stage.exit, &features));
        }
    }
    Grid { edge, channels: stage.exit.outputs, values }
}

/// The character's picture with its face window repainted, as a grid of 4 channels.
pub(crate) fn picture(image: &CharacterImage, face: &Grid) -> Grid {
    let area = IMAGE_SIZE * IMAGE_SIZE;
    let pixel = |i: usize| {
        let (row, column) = ((i / IMAGE_SIZE).wrapping_sub(FACE_ROW), (i % IMAGE_SIZE).wrapping_sub(FACE_COLUMN));
        let inside = row < FACE_SIZE && column < FACE_SIZE;
        let channel = move |c: usize| if inside { face.at(row, column)[c] } else { image.planes[c * area + i] };
        (0..FACE_CHANNELS).map(channel)
    };
    Grid { edge: IMAGE_SIZE, channels: FACE_CHANNELS, values: (0..area).flat_map(pixel).collect() }
}

/// The picture at (x, y) in [-1, 1], bilinear, its border continued outwards (`core/spec/student.md`).
pub(crate) fn sample(picture: &Grid, x: f32, y: f32) -> Vec<f32> {
    let last = (picture.edge - 1) as f32;
    let place = |v: f32| (((v + 1.0) * picture.edge as f32 - 1.0) * 0.5).clamp(0.0, last);
    let (u, v) = (place(x), place(y));
    let (left, top) = (u as usize, v as usize);
    let (right, bottom) = ((left + 1).min(picture.edge - 1), (top + 1).min(picture.edge - 1));
    let line = |row: usize| lerp(picture.at(row, left), picture.at(row, right), u - left as f32);
    lerp(&line(top), &line(bottom), v - top as f32)
}

/// Warps the picture by the body's seven channels, blends, and averages `grids.samples`² samples a pixel.
pub(crate) fn composite(picture: &Grid, body: &Grid, grids: Grids) -> CpuFrame {
    let Grids { size, samples, .. } = grids;
    let axis = Axis::new(body.edge, size * samples);
    let mut frame = CpuFrame::default();
    frame.resize(size);
    let share = 1.0 / (samples * samples) as f32;
    for row in 0..size * samples {
        for column in 0..size * samples {
            let values = body.between(&axis, row, column);
            debug_assert_eq!(values.len(), BODY_CHANNELS);
            let at = |index: usize| position(index, size * samples);
            let warped = sample(picture, at(column) + values[0], at(row) + values[1]);
            for channel in 0..FACE_CHANNELS {
                let blended = (1.0 - values[2]) * warped[channel] + values[2] * values[3 + channel];
                let pixel = (channel * size + row / samples) * size + column / samples;
                frame.planes[pixel] += share * blended;
            }
        }
    }
    frame
}

/// A student's frame.
pub(crate) fn render(plan: &Plan, image: &CharacterImage, pose: &Pose, grids: Grids) -> CpuFrame {
    let face = stage(&plan.face, pose, FACE_SIZE, None);
    let body = plan.levels.iter().zip(grids.levels);
    let body = body.fold(None, |below: Option<Grid>, (level, edge)| Some(stage(level, pose, edge, below.as_ref())));
    let body = body.unwrap_or(Grid { edge: 0, channels: 0, values: Vec::new() });
    composite(&picture(image, &face), &body, grids)
}
