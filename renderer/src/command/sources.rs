//! `bunraku sources`: what can move the puppet.

use super::help::stdout;
use anyhow::Context as _;
use bunraku_capture::{SettingInfo, SourceInfo, registry};
use serde::Serialize;
use std::{
    fmt::{self, Display, Write as _},
    io::Write as _,
    process::ExitCode,
};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku sources
  bunraku sources --json";

/// List the capture sources, their settings, and what is found on this machine
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// Print one line of JSON, for programs
    #[arg(long)]
    json: bool,
}

/// A source, and what it finds on this machine.
#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    info: &'static SourceInfo,
    found: Vec<String>,
}

/// Prints the registry.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let entries: Vec<Entry> = registry().iter().map(|info| Entry { info, found: info.found_here() }).collect();
    let text = if args.json {
        format!("{}\n", serde_json::json!({ "sources": entries }))
    } else {
        entries.iter().map(Entry::to_string).collect::<Vec<_>>().join("\n")
    };
    stdout().write_all(text.as_bytes()).context("cannot print the sources")?;
    Ok(ExitCode::SUCCESS)
}

impl Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.info.name, self.info.about)?;
        for setting in self.info.all_settings() {
            writeln!(f, "  {:10} {}{}", setting.name, setting.about, default(setting)?)?;
        }
        for found in &self.found {
            writeln!(f, "  found: {found}")?;
        }
        writeln!(f, "  example: bunraku --source \"{}\"", self.info.example)
    }
}

fn default(setting: &SettingInfo) -> Result<String, fmt::Error> {
    let mut text = String::new();
    match setting.default {
        Some(default) => write!(text, " [default: {default}]")?,
        None if setting.required => text += " [needed]",
        None => {}
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_shown_with_its_settings_and_example() {
        for info in registry() {
            let shown = Entry { info, found: vec!["a thing".to_owned()] }.to_string();
            assert!(shown.starts_with(info.name) && shown.contains(info.example) && shown.contains("found: a thing"));
            assert!(info.settings.iter().all(|setting| shown.contains(setting.about)));
        }
    }
}
