//! Why an avatar cannot be drawn.

/// An engine's failure.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The GPU engine runs on no adapter of this machine.
    #[error("no usable GPU: {0}; use --engine cpu")]
    NoAdapter(String),
    /// The device is gone (driver reset, unplugged, out of memory). A new engine may work.
    #[error("the GPU was lost: {0}; --engine cpu works without it")]
    Lost(String),
    /// The CPU engine's threads could not be started.
    #[error("cannot start the CPU engine's threads: {0}; try fewer with --threads")]
    Threads(String),
}
