//! `bunraku run`: the puppet, live.

use super::{help::Help as _, options::DrawOptions};
use bunraku::settings::Background;
use std::{path::PathBuf, process::ExitCode};

/// Shown under `--help`.
pub(crate) const EXAMPLE: &str = "\
Examples:
  bunraku --character my_character --source ifacialmocap:host=192.168.0.7 --source mouse
  bunraku run --character my_character --headless --frames 60 --out frames --background green";

/// A window with the puppet, live (this is also what `bunraku` alone does)
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The character model: its folder or its character_model.yaml [default: the bundled character]
    #[arg(long, value_name = "PATH")]
    pub(crate) character: Option<PathBuf>,
    /// A capture source, NAME[:KEY=VALUE,…]; the first is live, the others stand by (see `bunraku sources`)
    #[arg(long = "source", value_name = "SPEC")]
    pub(crate) sources: Vec<String>,
    /// A bunraku.yaml; flags override it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) draw: DrawOptions,
    /// What is behind the character: transparent, green, blue, black, white, #RRGGBB or a picture
    #[arg(long, value_name = "COLOUR|FILE")]
    pub(crate) background: Option<Background>,
    /// Frames a second, at most [default: the display's rate, or 60]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) fps: Option<u16>,
    /// No window
    #[arg(long)]
    pub(crate) headless: bool,
    /// Stop after so many frames
    #[arg(long, value_name = "N")]
    pub(crate) frames: Option<u64>,
    /// Where the control service listens, or off [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDR|off")]
    pub(crate) control: Option<String>,
    /// Also write every frame as DIR/000000.png …
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What to do without a character, until this program brings its own.
const NO_CHARACTER: &str = "open a THA4 character model with: bunraku --character PATH (its folder, or its \
                            character_model.yaml)";

/// Runs the puppet until it is told to stop.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let _stop = super::signals::stop_on_signal()?;
    let Some(path) = args.character else { return Err(anyhow::anyhow!("no character is bundled")).help(NO_CHARACTER) };
    anyhow::bail!("cannot open {}: no student engine has been built in", path.display())
}
