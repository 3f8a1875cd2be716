//! What a check has found, said.

use super::help::say;
use anyhow::Context as _;
use bunraku_distill::{
    check::{Overrides, Report, check},
    files::{CONFIG_LIMIT, read},
};
use std::path::{Path, PathBuf};

/// The folder that the paths in a configuration are relative to.
pub(super) fn working_folder() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("cannot tell the working folder")
}

/// The text of a configuration.
pub(super) fn text(config: &Path) -> anyhow::Result<String> {
    let bytes = read(config, CONFIG_LIMIT).with_context(|| format!("cannot read {}", config.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8 text", config.display()))
}

/// Checks a configuration with what the command line says `instead`, and says what is wrong on standard error.
pub(super) fn check_and_report(config: &Path, overrides: &Overrides) -> anyhow::Result<Report> {
    let report = check(config, &working_folder()?, overrides);
    report.findings.iter().for_each(say);
    Ok(report)
}
