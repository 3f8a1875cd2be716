//! `bunraku convert`: captured lines to poses.

use super::help::{Help as _, stdout};
use anyhow::Context as _;
use bunraku::convert::Converter;
use bunraku_capture::{ProfileInfo, find_profile, profiles};
use bunraku_core::{
    breathing::{BREATHS_PER_MINUTE, breathing},
    profile::{Profile, ProfileSettings},
};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::{
    io::{self, BufWriter},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Each line is converted by itself. One that cannot be read gives {\"error\": why} in its place, and exit status 1.

Example:
  bunraku convert --profile ifacialmocap --settings face.yaml < packets.txt > poses.jsonl";

/// Convert captured lines from standard input to poses, {"pose": [45 numbers]} a line
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The profile of the lines
    #[arg(long, value_parser = profile_parser())]
    profile: ProfileInfo,
    /// A YAML map of the profile's settings, such as `eye_blink_max: 0.8`
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The breath's clock [default: breathing is 0]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = parse_seconds)]
    time: Option<f64>,
}

/// Accepts a profile's name, and lists each with the format of its lines.
fn profile_parser() -> impl TypedValueParser<Value = ProfileInfo> {
    let values = profiles().map(|info| PossibleValue::new(info.profile.name).help(info.lines.about));
    PossibleValuesParser::new(values).try_map(|name| find_profile(&name))
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|seconds: &f64| seconds.is_finite()).ok_or_else(|| "not a number of seconds".to_owned())
}

/// Converts standard input; fails in the end if a line could not be read.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let profile = args.profile.profile;
    let settings =
        args.settings.as_deref().map_or_else(|| Ok(ProfileSettings::default()), |path| read(profile, path))?;
    let breath = args.time.map_or(0.0, |seconds| breathing(BREATHS_PER_MINUTE, seconds));
    let converter = Converter::new(args.profile, settings, breath as f32);
    let counts = converter.convert(io::stdin().lock(), BufWriter::new(stdout())).context("convert")?;
    if counts.errors > 0 {
        let why = anyhow::anyhow!("convert: {} of {} lines cannot be read", counts.errors, counts.lines);
        return Err(why).help("the output has {\"error\": why} in place of each such line");
    }
    Ok(ExitCode::SUCCESS)
}

fn read(profile: Profile, path: &Path) -> anyhow::Result<ProfileSettings> {
    let text = bunraku_cli::read_text(path).with_context(|| format!("cannot read {}", path.display()));
    let text = text.help("--settings takes a YAML file of the profile's settings")?;
    ProfileSettings::from_yaml(profile, &text)
        .with_context(|| path.display().to_string())
        .help(format!("the settings are {}", ProfileSettings::NAMES.join(", ")))
}
