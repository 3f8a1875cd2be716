//! The compute pipelines, and the steps made of them.
//!
//! Parameters here and in the shaders are the same structures, member by member.

use super::{GpuContext, buffers::uniform, tile::Tile};
use crate::sine::SINE;
use bytemuck::{Pod, Zeroable};
use std::fmt::Write as _;

/// One dispatch with everything it needs.
#[derive(Debug)]
pub(super) struct Step {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    groups: [u32; 2],
}

impl Step {
    /// Encodes it.
    pub(super) fn dispatch(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.dispatch_workgroups(self.groups[0], self.groups[1], 1);
    }
}

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
    expose: wgpu::ComputePipeline,
}

impl Kernels {
    /// Compiles the shaders, `layer.wgsl` once for each different tile.
    pub(super) fn new(context: &GpuContext, tiles: &[Tile]) -> Self {
        let device = &context.device;
        let sine = sine_source();
        let layer_source = format!("{sine}{}", include_str!("shaders/layer.wgsl"));
        let layer = module(device, "layer", &layer_source);
        let mut layers: Vec<(Tile, _)> = Vec::new();
        for &tile in tiles {
            if layers.iter().all(|(known, _)| *known != tile) {
                let constants =
                    [("OUT_THREADS", tile.out_threads as f64), ("POSITION_THREADS", tile.position_threads as f64)];
                layers.push((tile, pipeline(device, "layer", &layer, &constants)));
            }
        }
        let plain = |name, source: &str| pipeline(device, name, &module(device, name, source), &[]);
        Self {
            context: context.clone(),
            entry: plain("entry", &format!("{sine}{}", include_str!("shaders/entry.wgsl"))),
            layers,
            paste: plain("paste", include_str!("shaders/paste.wgsl")),
            compose: plain("compose", include_str!("shaders/compose.wgsl")),
            expose: plain("expose", include_str!("shaders/expose.wgsl")),
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

    /// The frame's planes into a texture of `size` x `size` pixels.
    pub(super) fn expose(&self, size: u32, planes: &wgpu::Buffer, texture: &wgpu::TextureView) -> Step {
        let resources = [whole(planes), wgpu::BindingResource::TextureView(texture)];
        self.step(&self.expose, &size, &resources, square(size))
    }

    fn step(
        &self,
        pipeline: &wgpu::ComputePipeline,
        params: &impl Pod,
        resources: &[wgpu::BindingResource<'_>],
        groups: [u32; 2],
    ) -> Step {
        Step { bindings: bind(&self.context, pipeline, params, resources), pipeline: pipeline.clone(), groups }
    }
}

/// Parameters as binding 0, then the resources.
pub(super) fn bind(
    context: &GpuContext,
    pipeline: &wgpu::ComputePipeline,
    params: &impl Pod,
    resources: &[wgpu::BindingResource<'_>],
) -> wgpu::BindGroup {
    let params = uniform(context, params);
    let resources = std::iter::once(params.as_entire_binding()).chain(resources.iter().cloned());
    let entries: Vec<_> =
        (0..).zip(resources).map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource }).collect();
    let layout = pipeline.get_bind_group_layout(0);
    context.device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout: &layout, entries: &entries })
}

/// A shader's pipeline; its bindings are read from the shader.
pub(super) fn pipeline(
    device: &wgpu::Device,
    name: &str,
    module: &wgpu::ShaderModule,
    constants: &[(&str, f64)],
) -> wgpu::ComputePipeline {
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(name),
        layout: None,
        module,
        entry_point: Some("main"),
        // Each tile is filled before it is read.
        compilation_options: wgpu::PipelineCompilationOptions { constants, zero_initialize_workgroup_memory: false },
        cache: None,
    })
}

/// Compiles WGSL.
pub(super) fn module(device: &wgpu::Device, name: &str, source: &str) -> wgpu::ShaderModule {
    let source = wgpu::ShaderSource::Wgsl(source.into());
    device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some(name), source })
}

/// `sine.wgsl` with the CPU's coefficients.
fn sine_source() -> String {
    let mut source = String::new();
    for (i, coefficient) in SINE.iter().enumerate() {
        writeln!(source, "const SINE_{i}: f32 = {coefficient:?}f;").expect("writing to a string does not fail");
    }
    source + include_str!("shaders/sine.wgsl")
}

fn whole(buffer: &wgpu::Buffer) -> wgpu::BindingResource<'_> {
    buffer.as_entire_binding()
}

/// Workgroups of 16 x 8 over a square.
fn square(edge: u32) -> [u32; 2] {
    [edge.div_ceil(16), edge.div_ceil(8)]
}
