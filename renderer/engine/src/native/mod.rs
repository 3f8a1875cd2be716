//! What a browser cannot do: waits for futures and for the GPU.
#![expect(clippy::disallowed_methods, reason = "this module is where blocking calls and the clock belong")]

mod open;
mod wait;

pub use open::{EngineChoice, OpenOptions, open};
pub(crate) use wait::wait;
pub use wait::{Reader, finish, next};

use crate::{
    EngineError,
    gpu::{self, AdapterSummary, GpuContext},
};

/// Waits for a future.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

/// As [`gpu::adapters`], waited for.
pub fn adapters() -> Vec<AdapterSummary> {
    block_on(gpu::adapters())
}

/// As [`GpuContext::new`], waited for.
///
/// # Errors
/// [`EngineError::NoAdapter`] if there is none.
pub fn gpu_context(allow_software: bool) -> Result<GpuContext, EngineError> {
    block_on(GpuContext::new(allow_software))
}
