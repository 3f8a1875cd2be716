//! Buffers on the device.
//!
//! Contents go through the queue: a buffer that is mapped when it is made panics where the device has no room or is lost.

use super::GpuContext;

/// A storage buffer with these contents, whose length is a multiple of 4.
pub(super) fn storage(context: &GpuContext, label: &str, contents: &[u8]) -> wgpu::Buffer {
    filled(context, label, contents, wgpu::BufferUsages::STORAGE)
}

/// A uniform buffer with these parameters, filled up to the multiple of 16 bytes that uniforms take.
pub(super) fn uniform(context: &GpuContext, parameters: &impl bytemuck::Pod) -> wgpu::Buffer {
    let mut bytes = bytemuck::bytes_of(parameters).to_vec();
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    filled(context, "parameters", &bytes, wgpu::BufferUsages::UNIFORM)
}

/// A storage buffer for `count` values that shaders write.
pub(super) fn floats(context: &GpuContext, label: &str, count: usize) -> wgpu::Buffer {
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
    empty(context, label, count * size_of::<f32>(), usage)
}

/// A buffer for `count` values that the CPU reads.
pub(super) fn readback(context: &GpuContext, count: usize) -> wgpu::Buffer {
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    empty(context, "readback", count * size_of::<f32>(), usage)
}

fn filled(context: &GpuContext, label: &str, contents: &[u8], usage: wgpu::BufferUsages) -> wgpu::Buffer {
    let buffer = empty(context, label, contents.len(), usage | wgpu::BufferUsages::COPY_DST);
    context.queue.write_buffer(&buffer, 0, contents);
    buffer
}

fn empty(context: &GpuContext, label: &str, bytes: usize, usage: wgpu::BufferUsages) -> wgpu::Buffer {
    let descriptor =
        wgpu::BufferDescriptor { label: Some(label), size: bytes as u64, usage, mapped_at_creation: false };
    context.device.create_buffer(&descriptor)
}
