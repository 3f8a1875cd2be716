//! A clean stop on Ctrl-C and SIGTERM.

use anyhow::Context as _;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A flag that the first Ctrl-C or SIGTERM sets; a second one ends the process at once. Call it once.
pub(super) fn stop_on_signal() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(130); // 128 + SIGINT, as shells count
        }
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(stop)
}
