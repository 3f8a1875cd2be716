//! The `bunraku-distill` command.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
