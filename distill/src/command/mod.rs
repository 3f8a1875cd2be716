//! The command line: one file a subcommand, each with its `Args` and `run`.
//!
//! A new subcommand is a file here, a line in [`Subcommand`] and one in [`Subcommand::run`].

mod bench;
mod check;
mod draw;
mod eval;
mod help;
mod report;
mod signals;
mod status;
mod terminal;
mod train;

use bunraku_cli::{exit_code, start_logs};
use clap::Parser;
use std::process::ExitCode;

/// Turn one picture of a character into a student that Bunraku can animate
#[derive(Parser)]
#[command(version, after_help = train::EXAMPLE)]
struct Cli {
    #[command(subcommand)]
    command: Subcommand,
    /// Log more on standard error; -vv logs everything
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

#[derive(clap::Subcommand)]
enum Subcommand {
    Train(train::Args),
    Check(check::Args),
    Draw(draw::Args),
    Status(status::Args),
    Eval(eval::Args),
    Bench(bench::Args),
}

impl Subcommand {
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

/// Runs the command. The exit status is 0 on success, 1 on failure, 2 for a wrong command line.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logs(cli.verbose, &["bunraku_distill"], "");
    exit_code(cli.command.run(), help::ANYTHING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_ends_with_a_working_example() {
        let root = Cli::command();
        for command in root.get_subcommands().chain([&root]) {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> =
                after.lines().map(str::trim).filter(|line| line.starts_with("bunraku-distill")).collect();
            assert!(!examples.is_empty(), "`{}` has no example", command.get_name());
            examples.into_iter().for_each(accepted);
        }
    }

    /// Asserts that a command parses and that the project's files it names exist.
    fn accepted(command: &str) {
        // The rest belongs to the shell.
        let words: Vec<&str> = command.split_whitespace().take_while(|word| ![">", "|", "#"].contains(word)).collect();
        Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{command}: {error}"));
        for word in words.iter().filter(|word| word.starts_with("data/") || word.starts_with("distill/")) {
            assert!(Path::new(PROJECT).join(word).exists(), "{command}: {word} does not exist");
        }
    }

    const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

    /// The project's own descriptions: its README.md, the distiller's, and every one in data/.
    fn readmes() -> Vec<PathBuf> {
        let (mut found, mut folders) = (
            ["README.md", "distill/README.md"].map(|path| Path::new(PROJECT).join(path)).to_vec(),
            vec![Path::new(PROJECT).join("data")],
        );
        while let Some(folder) = folders.pop() {
            let inside = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("listed").path());
            let (deeper, files): (Vec<_>, Vec<_>) = inside.partition(|path| path.is_dir());
            folders.extend(deeper);
            found.extend(files.into_iter().filter(|path| path.ends_with("README.md")));
        }
        found
    }

    #[test]
    fn every_command_in_the_readmes_parses() {
        let texts = readmes().into_iter().map(|path| fs::read_to_string(path).expect("text")).collect::<Vec<_>>();
        let lines = texts.iter().flat_map(|text| text.lines()).map(str::trim);
        let built = "cargo run --release -p bunraku-distill -- ";
        let commands: Vec<String> = lines
            .map(|line| line.replace(built, "bunraku-distill "))
            .filter(|line| line.starts_with("bunraku-distill "))
            .collect();
        assert!(commands.len() > 12, "{commands:?}");
        for command in &commands {
            accepted(command);
        }
    }
}
