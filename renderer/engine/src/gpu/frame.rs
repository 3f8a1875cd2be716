//! A frame in a GPU's memory.

use super::{GpuContext, buffers::floats, timing::Timing};
use std::sync::Arc;

/// A frame in a GPU's memory, drawn by commands that were submitted and may not have run yet.
///
/// It is ordered by the device's queue: commands submitted now see this frame, commands submitted after the avatar's
/// next `draw` see that one. So a window samples the texture whenever it presents, without waiting or reading back, and
/// always shows the newest frame. A frame of another size has a texture of its own.
#[derive(Clone, Debug)]
pub struct GpuFrame {
    /// `Rgba16Float`, square: linear-light premultiplied RGBA, clipped to [0, 1]. Can be sampled and filtered.
    pub texture: wgpu::Texture,
    /// The device that the texture is on.
    pub context: GpuContext,
    /// As [`CpuFrame::planes`](crate::CpuFrame::planes), not clipped.
    pub(crate) planes: wgpu::Buffer,
    /// The commands that draw it, once they are submitted.
    pub(crate) submission: Option<wgpu::SubmissionIndex>,
    /// How long the passes took, where the device has timestamps.
    pub(crate) timing: Option<Arc<Timing>>,
}

impl GpuFrame {
    /// An empty frame of `size` pixels.
    pub(crate) fn new(context: &GpuContext, size: usize) -> Self {
        let edge = size as u32;
        let texture = context.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("frame"),
            size: wgpu::Extent3d { width: edge, height: edge, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba16Float,
            usage: wgpu::TextureUsages::STORAGE_BINDING
                | wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let planes = floats(context, "planes", 4 * size * size);
        Self { texture, context: context.clone(), planes, submission: None, timing: Timing::new(context).map(Arc::new) }
    }

    /// Edge in pixels.
    pub fn size(&self) -> usize {
        self.texture.width() as usize
    }
}
