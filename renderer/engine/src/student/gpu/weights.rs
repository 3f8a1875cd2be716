//! A plan's weights on the device: written once, except for the frame's biases.

use super::tile::{PADDING, Tile, blocks, pack};
use crate::{
    EngineError,
    gpu::{GpuContext, buffers::storage},
    student::{Entry, Plan, Stage},
};
use bunraku_core::{character::Linear, pose::Pose};
use bytemuck::{Pod, Zeroable};

/// `Layer` of `stage_bindings.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
struct LayerParams {
    inputs: u32,
    outputs: u32,
    blocks: u32,
    weights: u32,
}

/// A stage's weights.
#[derive(Debug)]
pub(super) struct StageWeights {
    entry: Entry,
    rows: Vec<[f32; 4]>,
    bias: Vec<f32>,
    pub(super) tile: Tile,
    /// A channel's x column, y column and frame's bias (the fourth value is unused); then the layers.
    pub(super) weights: wgpu::Buffer,
    /// What the layers are.
    pub(super) layers: wgpu::Buffer,
    /// Layers after the first.
    pub(super) count: usize,
    /// Channels of the stage's result.
    pub(super) outputs: usize,
}

impl StageWeights {
    /// The weights for the largest tiles that fit.
    pub(super) fn new(context: &GpuContext, stage: &Stage) -> Result<Self, EngineError> {
        Tile::fitting(stage.width(), context).map(|tile| Self::with_tile(context, stage, tile))
    }

    pub(super) fn with_tile(context: &GpuContext, stage: &Stage, tile: Tile) -> Self {
        let entry = stage.entry.clone();
        let rows: Vec<_> = entry.x.iter().zip(&entry.y).map(|(&x, &y)| [x, y, 0.0, 0.0]).collect();
        let mut weights: Vec<f32> = rows.iter().flatten().copied().collect();
        weights.resize(4 * tile.width, 0.0);
        let all: Vec<&Linear> = stage.hidden.iter().chain([&stage.exit]).collect();
        let mut params = Vec::new();
        for layer in &all {
            params.push(LayerParams {
                inputs: layer.inputs.next_multiple_of(PADDING) as u32,
                outputs: layer.outputs as u32,
                blocks: blocks(layer.outputs) as u32,
                weights: (weights.len() / 4) as u32,
            });
            weights.extend(pack(layer));
        }
        Self {
            bias: vec![0.0; entry.width()],
            weights: storage(context, "weights", bytemuck::cast_slice(&weights)),
            layers: storage(context, "layers", bytemuck::cast_slice(&params)),
            count: all.len(),
            outputs: stage.exit.outputs,
            entry,
            rows,
            tile,
        }
    }

    /// Channels after the first layer.
    pub(super) fn entry_width(&self) -> usize {
        self.entry.width()
    }

    pub(super) fn write_pose(&mut self, queue: &wgpu::Queue, pose: &Pose) {
        self.entry.fold_pose(pose, &mut self.bias);
        for (row, &bias) in self.rows.iter_mut().zip(&self.bias) {
            row[2] = bias;
        }
        queue.write_buffer(&self.weights, 0, bytemuck::cast_slice(&self.rows));
    }
}

/// A student's weights.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) face: StageWeights,
    pub(super) levels: [StageWeights; 3],
}

impl Weights {
    pub(super) fn new(context: &GpuContext, plan: &Plan) -> Result<Self, EngineError> {
        let stage = |stage| StageWeights::new(context, stage);
        let [low, middle, high] = &plan.levels;
        Ok(Self { face: stage(&plan.face)?, levels: [stage(low)?, stage(middle)?, stage(high)?] })
    }

    /// The tiles of all stages.
    pub(super) fn tiles(&self) -> [Tile; 4] {
        let [low, middle, high] = self.levels.each_ref().map(|stage| stage.tile);
        [self.face.tile, low, middle, high]
    }

    /// Folds the pose into the biases of all stages.
    pub(super) fn write_pose(&mut self, queue: &wgpu::Queue, pose: &Pose) {
        for stage in [&mut self.face].into_iter().chain(&mut self.levels) {
            stage.write_pose(queue, pose);
        }
    }
}
