//! `bunraku check`: finds everything wrong with a character model or a configuration before it is used.

use super::{
    character,
    help::{Helped, stdout},
};
use anyhow::Context as _;
use bunraku::{
    character::CharacterChoice,
    config::{CONFIG_FILE, Config},
};
use bunraku_core::character::{IMAGE_SIZE, Linear, SETTINGS_FILE};
use bunraku_engine::{Character, Quality, View};
use serde::Serialize;
use std::{
    fmt::{self, Display},
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku check characters/mine
  bunraku check bunraku.yaml --json";

/// Report everything wrong with a character model or a configuration, at once
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// A character model (its folder or its character_model.yaml), or a configuration; bundled is the built-in character,
    /// unless a folder has that name
    path: PathBuf,
    /// Print one line of JSON, for programs
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    path: &'a Path,
    ok: bool,
    /// Everything that is wrong.
    problems: &'a [String],
    #[serde(flatten)]
    summary: Option<&'a Summary>,
}

/// A valid character model or configuration.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Summary {
    Character {
        name: String,
        /// Numbers in the two networks.
        face_parameters: usize,
        body_parameters: usize,
        /// Widths of the sine layers.
        face_layers: Vec<usize>,
        /// The same, level by level.
        body_layers: Vec<Vec<usize>>,
        /// For a frame of 512 x 512 pixels.
        multiply_adds: usize,
    },
    Configuration {
        #[serde(skip)]
        path: PathBuf,
        /// Absent: the default.
        character: Option<String>,
        /// None: the default.
        sources: Vec<String>,
    },
}

/// An invalid one.
struct Faults {
    problems: Vec<String>,
    error: anyhow::Error,
}

/// Prints a short summary, or fails with everything that is wrong.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (summary, faults) = match judge(&args.path) {
        Ok(summary) => (Some(summary), None),
        Err(faults) => (None, Some(faults)),
    };
    if args.json {
        let problems = faults.as_ref().map_or(&[][..], |faults| &faults.problems);
        let report = Report { path: &args.path, ok: faults.is_none(), problems, summary: summary.as_ref() };
        bunraku_cli::print_json(&report)?;
    } else if let Some(summary) = summary {
        write!(stdout(), "{summary}").context("cannot print the summary")?;
    }
    faults.map_or(Ok(ExitCode::SUCCESS), |faults| Err(faults.error))
}

fn judge(path: &Path) -> Result<Summary, Faults> {
    match configuration(path) {
        Some(path) => judge_configuration(path),
        // An existing path wins, even if it has the name of a built-in character.
        None if path.exists() => judge_character(&CharacterChoice::Path(path.to_owned())),
        None => judge_character(&path.to_owned().into()),
    }
}

/// The configuration that `path` means, or none if it means a character model: a folder without a configuration or with
/// a `character_model.yaml`, and a YAML file with the name or fields of one.
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

fn judge_configuration(path: PathBuf) -> Result<Summary, Faults> {
    if let Err(error) = bunraku_cli::ensure_regular(&path) {
        let error = anyhow::Error::new(error).context(format!("cannot read {}", path.display()));
        let help = "`bunraku check` takes a character model's folder or a configuration's file";
        return Err(Faults { problems: vec![format!("{error:#}")], error: Helped::new(error, help).into() });
    }
    let config = Config::check(&path).map_err(|error| Faults {
        problems: error.problems.clone(),
        error: Helped::new(error, "`bunraku run --help` and `bunraku sources` say what the fields may hold").into(),
    })?;
    let sources = config.sources.iter().map(ToString::to_string).collect();
    Ok(Summary::Configuration { path, character: config.character.map(|choice| choice.to_string()), sources })
}

fn judge_character(choice: &CharacterChoice) -> Result<Summary, Faults> {
    let character = choice.load().map_err(|error| Faults {
        problems: error.problems.iter().map(ToString::to_string).collect(),
        error: character::way_out(error),
    })?;
    let multiply_adds = character.multiply_adds(View::new(IMAGE_SIZE, Quality::Full));
    let Character::Student(model) = character;
    Ok(Summary::Character {
        face_parameters: model.face.layers().map(Linear::parameters).sum(),
        body_parameters: model.body.layers().map(Linear::parameters).sum(),
        face_layers: widths(&model.face.sine),
        body_layers: model.body.levels.iter().map(|level| widths(level)).collect(),
        multiply_adds,
        name: model.name,
    })
}

fn widths(layers: &[Linear]) -> Vec<usize> {
    layers.iter().map(|layer| layer.outputs).collect()
}

/// Numbers with blanks between them.
fn spaced(numbers: &[usize]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character {
                name,
                face_parameters: face,
                body_parameters: body,
                face_layers,
                body_layers,
                multiply_adds,
            } => {
                let levels = body_layers.iter().map(|level| spaced(level)).collect::<Vec<_>>().join(" | ");
                writeln!(f, "{name}: a character model without a fault")?;
                writeln!(f, "  face morpher  {face} parameters, sine layers of {}", spaced(face_layers))?;
                writeln!(f, "  body morpher  {body} parameters, sine layers of {levels}")?;
                writeln!(f, "  size          {:.2} MB of weights in float32", 4.0 * (face + body) as f64 / 1e6)?;
                let work = *multiply_adds as f64 / 1e9;
                let frame = format!("a frame of {IMAGE_SIZE} x {IMAGE_SIZE} pixels");
                writeln!(f, "  work          {work:.2} G multiply-adds for {frame}")
            }
            Self::Configuration { path, character, sources } => {
                let sources = if sources.is_empty() { "the default".to_owned() } else { sources.join(", ") };
                writeln!(f, "{}: a configuration without a fault", path.display())?;
                writeln!(f, "  character  {}", character.as_deref().unwrap_or("the default"))?;
                writeln!(f, "  sources    {sources}")
            }
        }
    }
}
