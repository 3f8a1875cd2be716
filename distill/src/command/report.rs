//! Reads a configuration and reports a check's findings.

use super::help::say;
use anyhow::Context as _;
use bunraku_distill::{
    check::{Overrides, Report, check},
    files::{CONFIG_LIMIT, read},
};
use std::path::{Path, PathBuf};

/// The folder that a configuration's paths are relative to.
pub(super) fn working_folder() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("cannot determine the working folder")
}

/// A configuration's text.
pub(super) fn text(config: &Path) -> anyhow::Result<String> {
    let bytes = read(config, CONFIG_LIMIT).with_context(|| format!("cannot read {}", config.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8 text", config.display()))
}

/// Checks a configuration with the command line's overrides and prints the findings on standard error.
pub(super) fn check_and_report(config: &Path, overrides: &Overrides) -> anyhow::Result<Report> {
    let report = check(config, &working_folder()?, overrides);
    report.findings.iter().for_each(say);
    Ok(report)
}
