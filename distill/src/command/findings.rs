//! What a check has found, said.

use super::help::say;
use anyhow::Context as _;
use bunraku_distill::check::{Instead, Report, check};
use std::path::{Path, PathBuf};

/// The folder that the paths in a configuration are relative to.
pub(super) fn working_folder() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("cannot tell the working folder")
}

/// Checks a configuration with what the command line says `instead`, and says what is wrong on standard error.
pub(super) fn told(config: &Path, instead: &Instead) -> anyhow::Result<Report> {
    let report = check(config, &working_folder()?, instead);
    report.findings.iter().for_each(say);
    Ok(report)
}
