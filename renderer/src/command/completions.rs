//! `bunraku completions`: completion scripts for shells.

use super::{Cli, help::stdout};
use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;
use std::{io::Write as _, process::ExitCode};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku completions bash > ~/.local/share/bash-completion/completions/bunraku
  bunraku completions zsh > ~/.zfunc/_bunraku
  bunraku completions fish > ~/.config/fish/completions/bunraku.fish";

/// Print a completion script for a shell
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the completions.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    stdout().write_all(&script(args.shell)).context("cannot print the completions")?;
    Ok(ExitCode::SUCCESS)
}

/// Generated in memory first: the generator panics if its reader closes the pipe.
fn script(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bunraku", &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    #[test]
    fn every_shell_gets_every_command() {
        for shell in Shell::value_variants() {
            let text = String::from_utf8(script(*shell)).expect("text");
            for command in Cli::command().get_subcommands() {
                assert!(text.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
