//! A clean stop on Ctrl-C and SIGTERM.

use anyhow::Context as _;
use bunraku_core::source::CancellationToken;

/// A token that the first Ctrl-C or SIGTERM cancels; a second one ends the process at once. Call it once.
pub(crate) fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let asked = stop.clone();
    ctrlc::set_handler(move || {
        if asked.is_cancelled() {
            std::process::exit(130); // 128 + SIGINT, as shells count
        }
        asked.cancel();
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(stop)
}
