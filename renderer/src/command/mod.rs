//! The command line: one file a subcommand, each with its `Args` and a `run` that takes them.
//!
//! A new subcommand is a file here, a line in [`Command`] and one in [`Command::run`].

mod bench;
mod character;
mod check;
mod completions;
mod convert;
mod doctor;
mod help;
mod models;
mod options;
mod record;
mod render;
mod run;
mod sources;
mod track;

use bunraku_cli::{exit_code, start_logs};
use clap::{Parser, Subcommand};
use std::{ffi::OsString, process::ExitCode};

/// One picture of a character becomes a puppet that follows your face
///
/// Without a command, this is `bunraku run`: the puppet live, in a window.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = run::EXAMPLE)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::Args,
    #[command(flatten)]
    logs: Logs,
}

#[derive(clap::Args)]
struct Logs {
    /// Log more to standard error; -vv logs everything
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Args),
    Convert(convert::Args),
    Track(track::Args),
    Record(record::Args),
    Sources(sources::Args),
    Render(render::Args),
    Bench(bench::Args),
    Check(check::Args),
    Models(models::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

impl Command {
    fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Run(args) => run::run(args),
            Self::Convert(args) => convert::run(&args),
            Self::Track(args) => track::run(&args),
            Self::Record(args) => record::run(&args),
            Self::Sources(args) => sources::run(&args),
            Self::Render(args) => render::run(&args),
            Self::Bench(args) => bench::run(&args),
            Self::Check(args) => check::run(&args),
            Self::Models(args) => models::run(&args),
            Self::Doctor(args) => doctor::run(&args),
            Self::Completions(args) => completions::run(&args),
        }
    }
}

/// Runs the command line. The exit status is 0 when done, 1 when it failed, 2 for an invalid command line.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse_from(verbosity_last(std::env::args_os().collect()));
    // winit warns about displays without a size and similar things that you cannot change.
    start_logs(cli.logs.verbose, &["bunraku", "bunraku_core", "bunraku_capture"], "winit=error");
    let command = cli.command.unwrap_or(Command::Run(cli.run));
    exit_code(command.run(), help::ANYTHING)
}

/// Moves `-v` flags from before the command to the end. Before the command they would be refused, as `run`'s own flags
/// are.
fn verbosity_last(mut words: Vec<OsString>) -> Vec<OsString> {
    let is_verbosity = |word: &OsString| {
        let word = word.to_string_lossy();
        word == "--verbose" || word.strip_prefix('-').is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b == b'v'))
    };
    let count = words.iter().skip(1).take_while(|word| is_verbosity(word)).count();
    if let Some(rest) = words.get_mut(1..) {
        rest.rotate_left(count);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_cli::examples;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_ends_with_a_valid_example() {
        let root = Cli::command();
        for command in root.get_subcommands().chain([&root]) {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> = after.lines().map(str::trim).filter(|line| line.starts_with("bunraku")).collect();
            assert!(!examples.is_empty(), "`{}` has no example", command.get_name());
            for example in examples {
                assert_accepted(example);
            }
        }
    }

    #[test]
    fn verbosity_flags_may_precede_the_command() {
        for words in [
            &["bunraku", "-v", "run", "--headless"][..],
            &["bunraku", "-vv", "--verbose", "sources"],
            &["bunraku", "-v"],
        ] {
            let moved = verbosity_last(words.iter().map(OsString::from).collect());
            assert!(Cli::try_parse_from(moved).is_ok_and(|cli| cli.logs.verbose > 0), "{words:?}");
        }
        assert!(verbosity_last(vec![]).is_empty());
    }

    #[test]
    fn run_is_the_default_command() {
        let cli = Cli::try_parse_from(["bunraku", "--headless", "--frames", "3"]).expect("run's flags");
        assert!(cli.command.is_none() && cli.run.headless && cli.run.frames == Some(3));
    }

    const README: &str = include_str!("../../README.md");
    const TEXTS: [&str; 6] = [
        README,
        include_str!("../../../README.md"),
        include_str!("../../../core/README.md"),
        include_str!("../../../capture-plugins/README.md"),
        include_str!("../../../data/examples/README.md"),
        include_str!("../../../capture-plugins/src/process/README.md"),
    ];

    fn assert_accepted(line: &str) {
        if let Err(error) = Cli::try_parse_from(examples::words(line)) {
            panic!("{line}: {error}");
        }
    }

    #[test]
    fn every_command_in_the_readmes_is_accepted() {
        let commands = TEXTS.iter().flat_map(|text| examples::commands(text, "bunraku"));
        let general = ["bunraku", "COMMAND", "--help"];
        let accepted = commands.filter(|words| *words != general).map(|words| {
            Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        });
        assert!(accepted.count() > 20);
    }

    #[test]
    fn the_table_has_every_command_and_flags_that_it_takes() {
        let table =
            README.split("## All commands").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a section");
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            let row = table.lines().find_map(|line| line.strip_prefix(&format!("| `{name}` | ")));
            let row = row.unwrap_or_else(|| panic!("`{name}` has no row"));
            for flags in examples::code_spans(row).filter(|span| span.starts_with("--")) {
                assert_accepted(&format!("bunraku {name} {flags}"));
            }
        }
    }

    #[test]
    fn every_file_of_ours_that_the_texts_name_is_there() {
        // Talking Head(?) Anime 4's own.
        const THEIRS: [&str; 2] = ["data/character_models", "data/tha4"];
        let house = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let words = TEXTS.iter().flat_map(|text| text.split(|c: char| c.is_whitespace() || "`\"'()[]|,;".contains(c)));
        let named = words.map(|word| word.trim_end_matches(['.', ':', '/'])).filter(|word| word.starts_with("data/"));
        let named: Vec<&str> = named.filter(|word| !THEIRS.contains(word)).collect();
        assert!(named.len() > 5, "{named:?}");
        for word in named {
            assert!(house.join(word).exists(), "{word} is not there");
        }
    }
}
