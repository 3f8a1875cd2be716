//! The `bunraku-distill` command.

use anyhow::Context as _;
use bunraku_distill::check::{Report, Severity, check};
use clap::{Parser, Subcommand};
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

/// One picture of a character becomes a student that a puppet can be drawn with
#[derive(Parser)]
#[command(version, after_help = EXAMPLE)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(CheckArgs),
}

/// Says what is wrong with a configuration, its picture and its mask, all of it, at once
#[derive(clap::Args)]
#[command(after_help = EXAMPLE)]
struct CheckArgs {
    /// A distiller's config.yaml; the paths in it are relative to the working folder
    config: PathBuf,
    /// End with one line of JSON on standard output
    #[arg(long)]
    json: bool,
}

const EXAMPLE: &str = "\
Example:
  bunraku-distill check data/distill_examples/my_character/config.yaml";

fn main() -> ExitCode {
    let Command::Check(args) = Cli::parse().command;
    run_check(&args).unwrap_or_else(|error| {
        // Nothing is left to be done where even standard error is gone.
        let _ = writeln!(io::stderr(), "error: {error:#}\nhelp: `bunraku-distill check --help` shows how it is used");
        ExitCode::FAILURE
    })
}

fn run_check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let folder = std::env::current_dir().context("cannot tell the working folder")?;
    let report = check(&args.config, &folder);
    let written = tell(&report, args.json, &mut io::stdout().lock(), &mut io::stderr().lock());
    match written {
        // Whoever stops reading, as in `… | head`, has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot write the report"),
        _ => Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    }
}

/// The findings go to `err`; to `out` goes what a script or a satisfied person would look for.
fn tell(report: &Report, json: bool, out: &mut impl Write, err: &mut impl Write) -> io::Result<()> {
    for finding in &report.findings {
        writeln!(err, "{finding}")?;
    }
    if json {
        return writeln!(out, "{}", serde_json::to_string(report)?);
    }
    let warnings = report.findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
    match warnings {
        _ if !report.ok => Ok(()),
        0 => writeln!(out, "{}: nothing is wrong", report.config.display()),
        warnings => writeln!(out, "{}: nothing is wrong, {warnings} warnings", report.config.display()),
    }
}
