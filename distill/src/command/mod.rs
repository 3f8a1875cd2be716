//! The command line: one file a subcommand, each with its `Args` and a `run` that takes them.
//!
//! A new subcommand is a file here, a line in [`Command`] and one in [`Command::run`].

mod bench;
mod check;
mod eval;
mod findings;
mod help;
mod progress;
mod signals;
mod status;
mod train;

use clap::{Parser, Subcommand};
use std::{
    io::{self, Write as _},
    process::ExitCode,
};
use tracing_subscriber::EnvFilter;

/// One picture of a character becomes a student that a puppet can be drawn with
#[derive(Parser)]
#[command(version, after_help = train::EXAMPLE)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say more of what happens, on standard error; -vv says all
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

#[derive(Subcommand)]
enum Command {
    Train(train::Args),
    Check(check::Args),
    Status(status::Args),
    Eval(eval::Args),
    Bench(bench::Args),
}

impl Command {
    fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Train(args) => train::run(&args),
            Self::Check(args) => check::run(&args),
            Self::Status(args) => status::run(&args),
            Self::Eval(args) => eval::run(&args),
            Self::Bench(args) => bench::run(&args),
        }
    }
}

/// Does what the command line says. The exit status is 0 when done, 1 when it failed, 2 for a wrong command line.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logs(cli.verbose);
    cli.command.run().unwrap_or_else(|error| {
        if reader_went_away(&error) {
            return ExitCode::SUCCESS;
        }
        let text = format!("error: {error:#}\nhelp: {}\n", help::of(&error));
        // Nothing is left to be done where even standard error is gone.
        let _ = io::stderr().write_all(text.as_bytes());
        ExitCode::FAILURE
    })
}

/// Logs go to standard error, so that standard output stays a program's to read. `RUST_LOG` may ask for anything else.
fn start_logs(verbose: u8) {
    let default = match verbose {
        0 => "warn",
        1 => "warn,bunraku_distill=info",
        _ => "info,bunraku_distill=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let logs = tracing_subscriber::fmt().with_writer(io::stderr).with_env_filter(filter).log_internal_errors(false);
    logs.with_target(false).init();
}

/// Whether what failed is only that nobody reads our standard output any more, as in `bunraku-distill … | head`.
fn reader_went_away(error: &anyhow::Error) -> bool {
    let io_errors = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    io_errors.into_iter().any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_ends_with_an_example_that_is_accepted() {
        let root = Cli::command();
        for command in root.get_subcommands().chain([&root]) {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> =
                after.lines().map(str::trim).filter(|line| line.starts_with("bunraku-distill")).collect();
            assert!(!examples.is_empty(), "`{}` has no example", command.get_name());
            for example in examples {
                Cli::try_parse_from(example.split_whitespace()).unwrap_or_else(|error| panic!("{example}: {error}"));
            }
        }
    }
}
