//! A student's compute pipelines, and the steps made of them.
//!
//! Parameters here and in the shaders are the same structures, member by member.

use super::tile::Tile;
use crate::{
    gpu::{
        Expose, GpuContext, GpuFrame,
        pipeline::{Step, module, pipeline, plain, square},
    },
    shaders,
};
use bytemuck::{Pod, Zeroable};

/// `Stage` of `stage_bindings.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct StageParams {
    pub(super) edge: u32,
    pub(super) positions: u32,
    pub(super) tiles: u32,
    pub(super) entry_width: u32,
    pub(super) layers: u32,
    pub(super) below_edge: u32,
    pub(super) below_stride: u32,
    pub(super) scale: f32,
    pub(super) step: f32,
}

/// `Paste` of `paste.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct PasteParams {
    pub(super) edge: u32,
    pub(super) face_stride: u32,
    pub(super) picture_edge: u32,
    pub(super) row: u32,
    pub(super) column: u32,
}

/// `Compose` of `compose.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct ComposeParams {
    pub(super) size: u32,
    pub(super) samples: u32,
    pub(super) field_edge: u32,
    pub(super) field_stride: u32,
    pub(super) picture_edge: u32,
    pub(super) scale: f32,
    pub(super) step: f32,
    pub(super) spacing: f32,
}

/// The pipelines of a student.
#[derive(Debug)]
pub(super) struct Kernels {
    context: GpuContext,
    stages: Vec<(Tile, wgpu::ComputePipeline)>,
    paste: wgpu::ComputePipeline,
    compose: wgpu::ComputePipeline,
    expose: Expose,
}

impl Kernels {
    /// Compiles the shaders, `stage.wgsl` once for each different tile.
    pub(super) fn new(context: &GpuContext, tiles: &[Tile]) -> Self {
        let device = &context.device;
        let stage = module(device, "stage", shaders::STAGE);
        let mut stages: Vec<(Tile, _)> = Vec::new();
        for &tile in tiles {
            if stages.iter().all(|(known, _)| *known != tile) {
                let sizes = [("WIDTH", tile.width), ("TILE", tile.positions), ("THREADS", tile.threads())];
                stages.push((tile, pipeline(device, "stage", &stage, &sizes.map(|(name, size)| (name, size as f64)))));
            }
        }
        Self {
            context: context.clone(),
            stages,
            paste: plain(device, "paste", shaders::PASTE),
            compose: plain(device, "compose", shaders::COMPOSE),
            expose: Expose::new(context),
        }
    }

    /// A stage; buffers: layers, weights, the level below, result.
    pub(super) fn stage(&self, tile: Tile, params: &StageParams, buffers: [&wgpu::Buffer; 4]) -> Step {
        let known = self.stages.iter().find(|(known, _)| *known == tile);
        let (_, pipeline) = known.expect("a pipeline was made for each stage of the plan");
        let tiles = params.positions.div_ceil(tile.positions as u32);
        self.step(pipeline, params, &buffers.map(whole), [params.tiles, tiles.div_ceil(params.tiles)])
    }

    /// The face into the picture; buffers: face, picture.
    pub(super) fn paste(&self, params: &PasteParams, buffers: [&wgpu::Buffer; 2]) -> Step {
        self.step(&self.paste, params, &buffers.map(whole), square(params.edge))
    }

    /// The frame; buffers: field, picture, planes.
    pub(super) fn compose(&self, params: &ComposeParams, buffers: [&wgpu::Buffer; 3]) -> Step {
        self.step(&self.compose, params, &buffers.map(whole), square(params.size))
    }

    /// The frame's planes into its texture.
    pub(super) fn expose(&self, frame: &GpuFrame) -> Step {
        self.expose.step(frame)
    }

    fn step(
        &self,
        pipeline: &wgpu::ComputePipeline,
        params: &impl Pod,
        resources: &[wgpu::BindingResource<'_>],
        groups: [u32; 2],
    ) -> Step {
        Step::new(&self.context, pipeline, params, resources, groups)
    }
}

fn whole(buffer: &wgpu::Buffer) -> wgpu::BindingResource<'_> {
    buffer.as_entire_binding()
}
