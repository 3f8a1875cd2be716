//! The command line: one file a subcommand, each with its `Args` and a `run` that takes them.
//!
//! A new subcommand is a file here, a line in [`Command`] and one in [`Command::run`].

mod bench;
mod check;
mod draw;
mod eval;
mod findings;
mod help;
mod progress;
mod signals;
mod status;
mod train;

use bunraku::command_line::{concluded, start_logs};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

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
    Draw(draw::Args),
    Status(status::Args),
    Eval(eval::Args),
    Bench(bench::Args),
}

impl Command {
    fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Train(args) => train::run(&args),
            Self::Check(args) => check::run(&args),
            Self::Draw(args) => draw::run(&args),
            Self::Status(args) => status::run(&args),
            Self::Eval(args) => eval::run(&args),
            Self::Bench(args) => bench::run(&args),
        }
    }
}

/// Does what the command line says. The exit status is 0 when done, 1 when it failed, 2 for a wrong command line.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logs(cli.verbose, &["bunraku_distill"], "");
    concluded(cli.command.run(), help::ANYTHING)
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
