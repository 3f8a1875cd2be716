//! A clean stop on Ctrl-C and SIGTERM.

use anyhow::Context as _;
use bunraku_core::source::CancellationToken;
use std::sync::atomic::{AtomicBool, Ordering};

/// A token that the first Ctrl-C or SIGTERM cancels; a second one ends the process at once. Call it once.
///
/// # Errors
/// When the signal handler cannot be installed.
pub fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    on_stop_signal(move || stopping.cancel())?;
    Ok(stop)
}

/// Calls `stop` on the first Ctrl-C or SIGTERM; a second one ends the process at once. Call it once.
///
/// # Errors
/// When the signal handler cannot be installed.
pub fn on_stop_signal(mut stop: impl FnMut() + Send + 'static) -> anyhow::Result<()> {
    let stopping = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if stopping.swap(true, Ordering::Relaxed) {
            std::process::exit(130); // 128 + SIGINT, as in shells
        }
        stop();
    })
    .context("cannot listen for Ctrl-C")
}
