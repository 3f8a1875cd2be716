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

/// `Entry` of `entry.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct EntryParams {
    pub(super) edge: u32,
    pub(super) start: u32,
    pub(super) out_stride: u32,
    pub(super) below_edge: u32,
    pub(super) below_stride: u32,
    pub(super) scale: f32,
    pub(super) step: f32,
}

/// `Layer` of `layer.wgsl`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct LayerParams {
    pub(super) inputs: u32,
    pub(super) outputs: u32,
    pub(super) sine: u32,
    pub(super) in_stride: u32,
    pub(super) out_stride: u32,
    pub(super) out_start: u32,
    pub(super) weight_stride: u32,
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
    entry: wgpu::ComputePipeline,
    layers: Vec<(Tile, wgpu::ComputePipeline)>,
    paste: wgpu::ComputePipeline,
    compose: wgpu::ComputePipeline,
    expose: Expose,
}

impl Kernels {
    /// Compiles the shaders, `layer.wgsl` once for each different tile.
    pub(super) fn new(context: &GpuContext, tiles: &[Tile]) -> Self {
        let device = &context.device;
        let layer = module(device, "layer", shaders::LAYER);
        let mut layers: Vec<(Tile, _)> = Vec::new();
        for &tile in tiles {
            if layers.iter().all(|(known, _)| *known != tile) {
                let constants =
                    [("OUT_THREADS", tile.out_threads as f64), ("POSITION_THREADS", tile.position_threads as f64)];
                layers.push((tile, pipeline(device, "layer", &layer, &constants)));
            }
        }
        Self {
            context: context.clone(),
            entry: plain(device, "entry", shaders::ENTRY),
            layers,
            paste: plain(device, "paste", shaders::PASTE),
            compose: plain(device, "compose", shaders::COMPOSE),
            expose: Expose::new(context),
        }
    }

    /// A stage's first layer at `positions` positions, a multiple of 256, for `width` channels.
    pub(super) fn entry(
        &self,
        params: &EntryParams,
        [columns, below, out]: [&wgpu::Buffer; 3],
        [positions, width]: [usize; 2],
    ) -> Step {
        let groups = [(positions / 256) as u32, width as u32];
        self.step(&self.entry, params, &[columns, below, out].map(whole), groups)
    }

    /// A layer at `positions` positions, a multiple of [`POSITION_MULTIPLE`](super::tile::POSITION_MULTIPLE).
    pub(super) fn layer(&self, params: &LayerParams, buffers: [&wgpu::Buffer; 3], positions: usize) -> Step {
        let wanted = Tile::new(params.outputs as usize);
        let (tile, pipeline) = self
            .layers
            .iter()
            .find(|(tile, _)| *tile == wanted)
            .expect("a pipeline was made for each layer of the plan");
        let groups = [positions / tile.positions(), (params.outputs as usize).div_ceil(tile.channels())];
        self.step(pipeline, params, &buffers.map(whole), groups.map(|n| n as u32))
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
