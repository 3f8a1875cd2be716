//! Buffers on the device.
//!
//! Contents go through the queue: creating a mapped buffer panics if the device has no room or is lost.

use super::GpuContext;

/// A storage buffer with these contents, whose length is a multiple of 4.
pub(crate) fn storage(context: &GpuContext, label: &str, contents: &[u8]) -> wgpu::Buffer {
    filled(context, label, contents, wgpu::BufferUsages::STORAGE)
}

/// A uniform buffer with these parameters, padded to the multiple of 16 bytes that uniforms need.
pub(crate) fn uniform(context: &GpuContext, parameters: &impl bytemuck::Pod) -> wgpu::Buffer {
    let mut bytes = bytemuck::bytes_of(parameters).to_vec();
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    filled(context, "parameters", &bytes, wgpu::BufferUsages::UNIFORM)
}

/// A storage buffer for `count` values that shaders write.
pub(crate) fn floats(context: &GpuContext, label: &str, count: usize) -> wgpu::Buffer {
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
    empty(context, label, (count * size_of::<f32>()) as u64, usage)
}

/// A buffer for `count` timestamps.
pub(crate) fn ticks(context: &GpuContext, count: u64) -> wgpu::Buffer {
    let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
    empty(context, "ticks", count * size_of::<u64>() as u64, usage)
}

/// A buffer of `bytes` bytes that the CPU can map and read.
pub(crate) fn mappable(context: &GpuContext, bytes: u64) -> wgpu::Buffer {
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    empty(context, "readback", bytes, usage)
}

fn filled(context: &GpuContext, label: &str, contents: &[u8], usage: wgpu::BufferUsages) -> wgpu::Buffer {
    let buffer = empty(context, label, contents.len() as u64, usage | wgpu::BufferUsages::COPY_DST);
    context.queue.write_buffer(&buffer, 0, contents);
    buffer
}

fn empty(context: &GpuContext, label: &str, size: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
    let descriptor = wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
    context.device.create_buffer(&descriptor)
}
