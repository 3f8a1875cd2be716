//! A plan's weights on the device: written once, except for the frame's biases.

use super::tile::{Tile, pack};
use crate::{
    gpu::{GpuContext, buffers::storage},
    student::{Entry, Plan, Stage},
};
use bunraku_core::{character::Linear, pose::Pose};

/// A layer's weights, packed for its tile.
#[derive(Debug)]
pub(super) struct LayerWeights {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) buffer: wgpu::Buffer,
}

/// A stage's weights.
#[derive(Debug)]
pub(super) struct StageWeights {
    entry: Entry,
    /// A channel's x column, y column and frame's bias; the fourth value is unused.
    pub(super) columns: wgpu::Buffer,
    rows: Vec<[f32; 4]>,
    bias: Vec<f32>,
    /// The hidden layers, then the exit.
    pub(super) layers: Vec<LayerWeights>,
    /// The most channels between two of its layers.
    pub(super) width: usize,
}

impl StageWeights {
    pub(super) fn new(context: &GpuContext, stage: &Stage) -> Self {
        let entry = stage.entry.clone();
        let rows: Vec<_> = entry.x.iter().zip(&entry.y).map(|(&x, &y)| [x, y, 0.0, 0.0]).collect();
        let layers = stage.hidden.iter().chain([&stage.exit]).map(|layer| LayerWeights::new(context, layer)).collect();
        let columns = storage(context, "columns", bytemuck::cast_slice(&rows));
        Self { columns, bias: vec![0.0; entry.width()], rows, layers, width: stage.width(), entry }
    }

    /// Channels after the first layer.
    pub(super) fn entry_width(&self) -> usize {
        self.entry.width()
    }

    /// Channels of the stage's result.
    pub(super) fn outputs(&self) -> usize {
        self.layers.last().map_or(0, |exit| exit.outputs)
    }

    pub(super) fn write_pose(&mut self, queue: &wgpu::Queue, pose: &Pose) {
        self.entry.fold_pose(pose, &mut self.bias);
        for (row, &bias) in self.rows.iter_mut().zip(&self.bias) {
            row[2] = bias;
        }
        queue.write_buffer(&self.columns, 0, bytemuck::cast_slice(&self.rows));
    }
}

impl LayerWeights {
    pub(super) fn new(context: &GpuContext, layer: &Linear) -> Self {
        let packed = pack(layer, Tile::new(layer.outputs));
        let buffer = storage(context, "weights", bytemuck::cast_slice(&packed));
        Self { inputs: layer.inputs, outputs: layer.outputs, buffer }
    }

    /// Vectors from one input's weights to the next.
    pub(super) fn stride(&self) -> usize {
        self.outputs.next_multiple_of(Tile::new(self.outputs).channels()) / 4
    }
}

/// A student's weights.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) face: StageWeights,
    pub(super) levels: [StageWeights; 3],
}

impl Weights {
    pub(super) fn new(context: &GpuContext, plan: &Plan) -> Self {
        let stage = |stage| StageWeights::new(context, stage);
        Self { face: stage(&plan.face), levels: plan.levels.each_ref().map(stage) }
    }

    /// The tiles of all layers.
    pub(super) fn tiles(&self) -> Vec<Tile> {
        let stages = [&self.face].into_iter().chain(&self.levels);
        stages.flat_map(|stage| &stage.layers).map(|layer| Tile::new(layer.outputs)).collect()
    }

    /// Folds the pose into the biases of all stages.
    pub(super) fn write_pose(&mut self, queue: &wgpu::Queue, pose: &Pose) {
        for stage in [&mut self.face].into_iter().chain(&mut self.levels) {
            stage.write_pose(queue, pose);
        }
    }
}
