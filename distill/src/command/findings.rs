//! What a check has found, said.

use anyhow::Context as _;
use bunraku_distill::check::{Instead, Report, check};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The folder that the paths in a configuration are relative to.
pub(super) fn working_folder() -> anyhow::Result<PathBuf> {
    std::env::current_dir().context("cannot tell the working folder")
}

/// Checks a configuration with what the command line says `instead`, and says what is wrong on standard error.
pub(super) fn told(config: &Path, instead: &Instead) -> anyhow::Result<Report> {
    let report = check(config, &working_folder()?, instead);
    let mut err = io::stderr().lock();
    for finding in &report.findings {
        writeln!(err, "{finding}").context("cannot write the report")?;
    }
    Ok(report)
}
