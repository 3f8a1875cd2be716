//! `bunraku check`: what is wrong with a character model or a configuration, all of it, before it is used.

use super::{character, help::Help as _, regular};
use anyhow::Context as _;
use bunraku::{
    config::{CONFIG_FILE, Config},
    engine::{Detail, Quality, plan::Plan},
};
use bunraku_core::character::{CharacterModel, IMAGE_SIZE, Linear, SETTINGS_FILE};
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku check characters/mine
  bunraku check bunraku.yaml";

/// Say what is wrong with a character model or a configuration, all of it, at once
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// A character model (its folder or its character_model.yaml), or a configuration
    path: PathBuf,
}

/// Prints a short summary of what is well; what is not is the error.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let summary = match configuration(&args.path) {
        Some(path) => summarise_configuration(&path)?,
        None => summarise_character(&character::open(&args.path.clone().into())?),
    };
    std::io::stdout().write_all(summary.as_bytes()).context("cannot print the summary")?;
    Ok(ExitCode::SUCCESS)
}

/// The configuration that `path` means, or none where it means a character model: a folder is one unless it only has a
/// configuration, a YAML file is none unless it is named or written like a character model's.
fn configuration(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        let file = path.join(CONFIG_FILE);
        return (!path.join(SETTINGS_FILE).exists() && file.exists()).then_some(file);
    }
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let is_character = path.file_name().is_some_and(|name| name == SETTINGS_FILE) || names_networks(path);
    (is_yaml && !is_character).then(|| path.to_owned())
}

/// Whether a YAML file of another name has a character model's fields.
fn names_networks(path: &Path) -> bool {
    /// In bytes; far more than three lines take.
    const LOOK: u64 = 64 << 10;
    let small = path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LOOK);
    small && std::fs::read_to_string(path).is_ok_and(|text| text.contains("_morpher_file_name"))
}

fn summarise_configuration(path: &Path) -> anyhow::Result<String> {
    regular::ensure(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .help("`bunraku check` takes a character model's folder or a configuration's file")?;
    let config = Config::check(path).help("`bunraku run --help` and `bunraku sources` say what the fields may hold")?;
    let sources = config.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let character = config.character.map_or_else(|| "the default".to_owned(), |choice| choice.to_string());
    let sources = if sources.is_empty() { "the default".to_owned() } else { sources };
    Ok(format!(
        "{}: a configuration without a fault\n  character  {character}\n  sources    {sources}\n",
        path.display()
    ))
}

fn summarise_character(model: &CharacterModel) -> String {
    let face = model.face.layers().map(Linear::parameters).sum::<usize>();
    let body = model.body.layers().map(Linear::parameters).sum::<usize>();
    let levels = model.body.levels.each_ref().map(|level| widths(level)).join(" | ");
    let work = Plan::new(model).multiply_adds(Detail::new(IMAGE_SIZE, Quality::Full));
    format!(
        "{}: a character model without a fault\n  face morpher  {face} parameters, sine layers of {}\n  body morpher  \
         {body} parameters, sine layers of {levels}\n  size          {:.2} MB of weights in float32\n  work          \
         {:.2} G multiply-adds for a frame of {IMAGE_SIZE} x {IMAGE_SIZE} pixels\n",
        model.name,
        widths(&model.face.sine),
        4.0 * (face + body) as f64 / 1e6,
        work as f64 / 1e9,
    )
}

fn widths(layers: &[Linear]) -> String {
    layers.iter().map(|layer| layer.outputs.to_string()).collect::<Vec<_>>().join(" ")
}
