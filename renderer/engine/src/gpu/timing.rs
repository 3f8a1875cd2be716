//! How long a GPU takes for a frame: timestamps before and after its passes.

use super::{GpuContext, buffers};

/// Two timestamps of a frame, where the device has them.
#[derive(Debug)]
pub(crate) struct Timing {
    queries: wgpu::QuerySet,
    /// Begin and end as `u64`, in ticks of the queue.
    pub(crate) ticks: wgpu::Buffer,
}

impl Timing {
    /// None on a device without timestamps.
    pub(crate) fn new(context: &GpuContext) -> Option<Self> {
        if !context.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return None;
        }
        let descriptor = wgpu::QuerySetDescriptor { label: Some("frame"), ty: wgpu::QueryType::Timestamp, count: 2 };
        Some(Self { queries: context.device.create_query_set(&descriptor), ticks: buffers::ticks(context, 2) })
    }

    /// For the pass that is to be timed.
    pub(crate) fn writes(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }
    }

    /// Puts the timestamps into their buffer; encoded after the pass.
    pub(crate) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.queries, 0..2, &self.ticks, 0);
    }
}
