//! Logs on standard error.

use std::io;
use tracing_subscriber::EnvFilter;

/// Starts logging to standard error, which leaves standard output to the command's results. Call it once.
///
/// `verbose` counts the `-v` flags, `crates` are those that the flags are about, and `quiet` is a filter such as
/// `winit=error` for use without `-v`. `RUST_LOG` overrides all of them.
pub fn start_logs(verbose: u8, crates: &[&str], quiet: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter(verbose, crates, quiet)));
    // A closed standard error must not end the program.
    let logs = tracing_subscriber::fmt().with_writer(io::stderr).with_env_filter(filter).log_internal_errors(false);
    logs.with_target(false).init();
}

fn filter(verbose: u8, crates: &[&str], quiet: &str) -> String {
    let ours = |level: &str| crates.iter().map(|name| format!(",{name}={level}")).collect::<String>();
    match verbose {
        0 => format!("warn,{quiet}"),
        1 => format!("warn{}", ours("info")),
        _ => format!("info{}", ours("debug")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_v_raises_the_level_of_our_crates() {
        let filters = [0, 1, 2, 9].map(|verbose| filter(verbose, &["a", "b"], "winit=error"));
        assert_eq!(filters, ["warn,winit=error", "warn,a=info,b=info", "info,a=debug,b=debug", "info,a=debug,b=debug"]);
    }
}
