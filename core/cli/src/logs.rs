//! Logs on standard error.

use std::{env, io};
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _};

/// Starts logging to standard error, which leaves standard output to the command's results. Call it once.
///
/// `verbose` counts the `-v` flags, `crates` are those that the flags are about, and `quiet` is a filter such as
/// `winit=error` for use without `-v`. `RUST_LOG` (levels by crate or module) overrides all of them.
pub fn start_logs(verbose: u8, crates: &[&str], quiet: &str) {
    let named = env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let levels = named.unwrap_or_else(|| levels(verbose, crates, quiet).parse().unwrap_or_default());
    // A closed standard error must not end the program.
    let logs = fmt::layer().with_writer(io::stderr).log_internal_errors(false).with_target(false);
    registry().with(logs).with(levels).init();
}

fn levels(verbose: u8, crates: &[&str], quiet: &str) -> String {
    let ours = |level: &str| crates.iter().map(|name| format!("{name}={level}")).collect::<Vec<_>>().join(",");
    match verbose {
        0 if quiet.is_empty() => "warn".to_owned(),
        0 => format!("warn,{quiet}"),
        1 => format!("warn,{}", ours("info")),
        _ => format!("info,{}", ours("debug")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_v_raises_the_level_of_our_crates() {
        let levels = [0, 1, 2, 9].map(|verbose| levels(verbose, &["a", "b"], "winit=error"));
        assert_eq!(levels, ["warn,winit=error", "warn,a=info,b=info", "info,a=debug,b=debug", "info,a=debug,b=debug"]);
        assert!(levels.iter().all(|levels| levels.parse::<Targets>().is_ok()));
    }
}
