//! A clean stop on Ctrl-C and SIGTERM.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A flag that the first Ctrl-C or SIGTERM sets; a second one ends the process at once. Call it once.
pub(super) fn stop_on_signal() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::clone(&stop);
    bunraku_cli::on_stop_signal(move || stopping.store(true, Ordering::Relaxed))?;
    Ok(stop)
}
