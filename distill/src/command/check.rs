//! `bunraku-distill check`: reports what is wrong with a configuration before you train with it.

use super::{help::stdout, report::check_and_report};
use anyhow::Context as _;
use bunraku_distill::check::{Overrides, Report, Severity};
use std::{io::Write as _, path::PathBuf, process::ExitCode};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku-distill check data/characters/kohaku/config.yaml
  bunraku-distill check my_character/config.yaml --json";

/// Report everything wrong with a configuration, its picture, mask and recipe, at once
#[derive(clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// A distiller's config.yaml; the paths in it are relative to the working folder
    config: PathBuf,
    /// End with one line of JSON on standard output
    #[arg(long)]
    json: bool,
}

/// Findings go to standard error; standard output gets the JSON, or a summary if all is well.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let report = check_and_report(&args.config, &Overrides::default())?;
    let summary = if args.json { serde_json::to_string(&report)? } else { summary(&report) };
    if !summary.is_empty() {
        writeln!(stdout(), "{summary}").context("cannot write the report")?;
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summary(report: &Report) -> String {
    let warnings = report.findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
    match warnings {
        _ if !report.ok => String::new(),
        _ if report.teacher_made_up => format!(
            "{}: training would run, but the teacher is made up: the character would be noise",
            report.config.display()
        ),
        1 => format!("{}: no errors, 1 warning", report.config.display()),
        0 => format!("{}: no problems found", report.config.display()),
        warnings => format!("{}: no errors, {warnings} warnings", report.config.display()),
    }
}
