//! Writes a frame's planes into its texture.

use super::{
    GpuContext, GpuFrame,
    pipeline::{Step, plain, square},
};
use crate::shaders::EXPOSE;

/// The pass that ends every GPU frame: planes in [-1, 1] to a clipped texture that can be sampled.
#[derive(Debug)]
pub(crate) struct Expose(wgpu::ComputePipeline);

impl Expose {
    pub(crate) fn new(context: &GpuContext) -> Self {
        Self(plain(&context.device, "expose", EXPOSE))
    }

    /// The pass for `frame`.
    pub(crate) fn step(&self, frame: &GpuFrame) -> Step {
        let size = frame.texture.width();
        let view = frame.texture.create_view(&wgpu::TextureViewDescriptor::default());
        let resources = [frame.planes.as_entire_binding(), wgpu::BindingResource::TextureView(&view)];
        Step::new(&frame.context, &self.0, &size, &resources, square(size))
    }
}
