//! All dispatches of a frame for one view, with the buffers between them.

use super::{
    kernels::{ComposeParams, Kernels, PasteParams, StageParams},
    tile::MOST_POSITIONS,
    weights::{StageWeights, Weights},
};
use crate::{
    gpu::{GpuContext, GpuFrame, buffers::floats, pipeline::Step, timing::Timing},
    student::Grids,
};
use bunraku_core::character::{FACE_COLUMN, FACE_ROW, FACE_SIZE, IMAGE_SIZE};

/// Tiles in a row of workgroups: few enough for any device's limit, of which the largest grids need more than one row.
const TILES: u32 = 4096;

/// A frame's dispatches in order.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    /// What they draw.
    pub(super) frame: GpuFrame,
}

impl Program {
    /// `picture` holds an RGBA vector for each of the picture's pixels.
    pub(super) fn new(
        context: &GpuContext,
        kernels: &Kernels,
        weights: &Weights,
        picture: &wgpu::Buffer,
        grids: Grids,
    ) -> Self {
        let mut steps = Vec::new();
        let mut stage = |weights: &StageWeights, edge: usize, below: Option<&Grid>| {
            let out = Grid::new(context, weights, edge);
            steps.push(step(kernels, weights, below, &out));
            out
        };
        let face = stage(&weights.face, FACE_SIZE, None);
        let [low, middle, high] = &weights.levels;
        let low = stage(low, grids.levels[0], None);
        let middle = stage(middle, grids.levels[1], Some(&low));
        let field = stage(high, grids.levels[2], Some(&middle));
        let frame = GpuFrame::new(context, grids.size);
        steps.push(kernels.paste(&paste_params(&face), [&face.values, picture]));
        steps.push(kernels.compose(&compose_params(&field, grids), [&field.values, picture, &frame.planes]));
        steps.push(kernels.expose(&frame));
        Self { steps, frame }
    }

    #[cfg(test)]
    pub(super) fn dispatches(&self) -> usize {
        self.steps.len()
    }

    /// Encodes the frame.
    pub(super) fn encode(&self, encoder: &mut wgpu::CommandEncoder) {
        let timing = self.frame.timing.as_deref();
        let timestamp_writes = timing.map(Timing::writes);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
        for step in &self.steps {
            step.dispatch(&mut pass);
        }
        drop(pass);
        if let Some(timing) = timing {
            timing.resolve(encoder);
        }
    }
}

/// A stage's result: a value for each channel and position.
struct Grid {
    edge: usize,
    /// Values from one channel to the next.
    stride: usize,
    values: wgpu::Buffer,
}

impl Grid {
    fn new(context: &GpuContext, stage: &StageWeights, edge: usize) -> Self {
        let stride = (edge * edge).next_multiple_of(MOST_POSITIONS);
        Self { edge, stride, values: floats(context, "stage", stage.outputs * stride) }
    }
}

/// A stage's step from the level below, if it has one.
fn step(kernels: &Kernels, stage: &StageWeights, below: Option<&Grid>, out: &Grid) -> Step {
    let params = StageParams {
        edge: out.edge as u32,
        positions: out.stride as u32,
        tiles: TILES.min((out.stride / stage.tile.positions) as u32),
        entry_width: stage.entry_width() as u32,
        layers: stage.count as u32,
        below_edge: below.map_or(0, |below| below.edge as u32),
        below_stride: below.map_or(0, |below| below.stride as u32),
        scale: below.map_or(0.0, |below| below.edge as f32 / out.edge as f32),
        step: 2.0 / out.edge as f32,
    };
    // Without a level below, the shader does not read this binding; any buffer will do.
    let below = below.map_or(&stage.weights, |below| &below.values);
    kernels.stage(stage.tile, &params, [&stage.layers, &stage.weights, below, &out.values])
}

fn paste_params(face: &Grid) -> PasteParams {
    PasteParams {
        edge: face.edge as u32,
        face_stride: face.stride as u32,
        picture_edge: IMAGE_SIZE as u32,
        row: FACE_ROW as u32,
        column: FACE_COLUMN as u32,
    }
}

fn compose_params(field: &Grid, grids: Grids) -> ComposeParams {
    ComposeParams {
        size: grids.size as u32,
        samples: grids.samples as u32,
        field_edge: field.edge as u32,
        field_stride: field.stride as u32,
        picture_edge: IMAGE_SIZE as u32,
        scale: field.edge as f32 / grids.size as f32,
        step: 2.0 / grids.size as f32,
        spacing: 1.0 / grids.samples as f32,
    }
}
