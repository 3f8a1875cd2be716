//! Compute pipelines, and dispatches with everything bound.

use super::{GpuContext, buffers::uniform};
use bytemuck::Pod;

/// One dispatch with everything it needs.
#[derive(Debug)]
pub(crate) struct Step {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    groups: [u32; 2],
}

impl Step {
    /// `groups` workgroups of `pipeline`: binding 0 holds the parameters, the resources follow.
    pub(crate) fn new(
        context: &GpuContext,
        pipeline: &wgpu::ComputePipeline,
        params: &impl Pod,
        resources: &[wgpu::BindingResource<'_>],
        groups: [u32; 2],
    ) -> Self {
        let params = uniform(context, params);
        let resources = std::iter::once(params.as_entire_binding()).chain(resources.iter().cloned());
        let entries: Vec<_> =
            (0..).zip(resources).map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource }).collect();
        let layout = pipeline.get_bind_group_layout(0);
        let descriptor = wgpu::BindGroupDescriptor { label: None, layout: &layout, entries: &entries };
        Self { pipeline: pipeline.clone(), bindings: context.device.create_bind_group(&descriptor), groups }
    }

    /// Encodes it.
    pub(crate) fn dispatch(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.dispatch_workgroups(self.groups[0], self.groups[1], 1);
    }
}

/// Compiles WGSL.
pub(crate) fn module(device: &wgpu::Device, name: &str, source: &str) -> wgpu::ShaderModule {
    let source = wgpu::ShaderSource::Wgsl(source.into());
    device.create_shader_module(wgpu::ShaderModuleDescriptor { label: Some(name), source })
}

/// The pipeline of a shader's `main`, with values for its overrides. Its bindings are read from the shader.
pub(crate) fn pipeline(
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
        // Every shader fills its tiles before it reads them.
        compilation_options: wgpu::PipelineCompilationOptions { constants, zero_initialize_workgroup_memory: false },
        cache: None,
    })
}

/// The pipeline of a shader without overrides.
pub(crate) fn plain(device: &wgpu::Device, name: &str, source: &str) -> wgpu::ComputePipeline {
    pipeline(device, name, &module(device, name, source), &[])
}

/// Workgroups of 16 x 8 that cover a square of `edge` pixels.
pub(crate) fn square(edge: u32) -> [u32; 2] {
    [edge.div_ceil(16), edge.div_ceil(8)]
}
