//! What avatars on a GPU share: the device, frames in its memory, reading them back, and compute pipelines.
//!
//! Works on Vulkan, Metal, DX12, GL and WebGPU, software drivers included. Nothing here blocks: [`native`](crate::native)
//! has the calls that wait.

mod adapters;
pub(crate) mod buffers;
mod context;
mod expose;
mod frame;
pub(crate) mod pipeline;
mod readback;
pub(crate) mod timing;

pub use adapters::{AdapterSummary, adapters};
pub use context::GpuContext;
pub(crate) use expose::Expose;
pub use frame::GpuFrame;
pub use readback::Readback;
