//! `bunraku-distill train`: makes a character, or goes on making it.

use super::{
    help::{Help as _, say},
    report::{check_and_report, text},
    signals,
    terminal::Terminal,
};
use anyhow::Context as _;
use bunraku_distill::{
    backend::Accelerator,
    check::Overrides,
    config::DistillerConfig,
    examples::PoseDataset,
    recipe,
    source_images::SourceImages,
    trainer::{DistillError, Distillation, Finished, RunDirectory, RunDirectoryError, SavedConfig, TrainError},
};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::AtomicBool,
};

/// Targets under `--help`.
pub(super) const EXAMPLE: &str = "\
Examples:
  bunraku-distill train data/examples/robot.yaml --examples 2000
  bunraku-distill train my_character/config.yaml --recipe fast";

/// Make the character that a configuration describes, or go on where it was interrupted
///
/// Ctrl-C stops it: what was reached is kept, and the same command goes on from there.
#[derive(clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// A distiller's config.yaml; the paths in it are relative to the working folder
    config: PathBuf,
    /// Train as this recipe says, not as the configuration's: reference, fast, or a recipe's file
    #[arg(long, value_name = "NAME|FILE")]
    recipe: Option<PathBuf>,
    /// Train on this, not on what the configuration says
    #[arg(long, value_enum)]
    backend: Option<Accelerator>,
    /// Show each student no more than this many examples, those of earlier runs too, and make the character of it
    #[arg(long, value_name = "N")]
    examples: Option<u64>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let overrides = Overrides { recipe: args.recipe.clone(), backend: args.backend };
    if !check_and_report(&args.config, &overrides)?.ok {
        return Ok(ExitCode::FAILURE);
    }
    let (given, text) = configuration(args)?;
    let stop = signals::stop_on_signal()?;
    let distillation = read(overridden(&given, args), args.examples, &stop)?;
    let config = &distillation.config;
    let prefix = RunDirectory::new(&config.prefix);
    let claim = prefix.lock().help("wait for it, or stop it first")?;
    prefix.clean(&claim);
    let kept = prefix.keep_config(&args.config, &given, &text).map_err(with_way_out)?;
    if kept == SavedConfig::Replaced {
        say(format_args!("note: {} was another one, with nothing trained; it is replaced", prefix.config().display()));
    }
    let mut terminal = Terminal::new();
    let finished = distillation.distil(&mut terminal);
    drop(terminal);
    let finished = finished.map_err(|error| way_out(error, &config.prefix))?;
    if kept == SavedConfig::Changed {
        prefix.replace_config(&text).map_err(with_way_out)?;
    }
    drop(claim);
    Ok(conclude(&finished))
}

/// The configuration as its file has it, and its text.
fn configuration(args: &Args) -> anyhow::Result<(DistillerConfig, String)> {
    let text = text(&args.config)?;
    let config = DistillerConfig::parse(&text).with_context(|| args.config.display().to_string())?;
    Ok((config, text))
}

/// The configuration with what the command line says overrides. What is kept beside the students is the file's own text:
/// that the same students are trained on as before is seen to by their snapshots' fingerprint.
fn overridden(given: &DistillerConfig, args: &Args) -> DistillerConfig {
    let recipe = args.recipe.clone().unwrap_or_else(|| given.recipe.clone());
    DistillerConfig { recipe, backend: args.backend.unwrap_or(given.backend), ..given.clone() }
}

/// Everything that the configuration names.
fn read(config: DistillerConfig, examples: Option<u64>, stop: &AtomicBool) -> anyhow::Result<Distillation<'_>> {
    let recipe = recipe::open(&config.recipe, Path::new(""))
        .with_context(|| config.recipe.display().to_string())
        .help("name one of the recipes reference and fast, or a recipe's file")?;
    // The check before had nothing against it; only a file that was changed since can fail here.
    let SourceImages { picture, image, mask_file, mask } = SourceImages::open(&config)?;
    let dataset = dataset(&config.pose_dataset)?;
    Ok(Distillation { config, recipe, picture, image, mask_file, mask, dataset, examples, stop })
}

/// The pose dataset and its hash, if it is there.
fn dataset(path: &Path) -> anyhow::Result<Option<(PoseDataset, String)>> {
    let Some((dataset, hash)) = PoseDataset::open(path)
        .with_context(|| format!("the pose dataset {}", path.display()))
        .help("save a tensor [N, 45] with torch.save, or take the file away to have poses drawn")?
    else {
        say(format_args!("note: {} is absent; poses are drawn", path.display()));
        return Ok(None);
    };
    tracing::info!("{} poses of {} (SHA-256 {hash})", dataset.len(), path.display());
    Ok(Some((dataset, hash)))
}

fn with_way_out(error: RunDirectoryError) -> anyhow::Error {
    let help = match &error {
        RunDirectoryError::OtherConfig { kept, .. } => {
            format!("go on with {}, or give the other configuration another `prefix`", kept.display())
        }
        _ => "check the folder's permissions and the disk's space".to_owned(),
    };
    Err::<(), _>(error).help(help).expect_err("it is an error")
}

fn way_out(error: DistillError, prefix: &Path) -> anyhow::Error {
    let help = match &error {
        DistillError::Backend(_) => "`--backend cpu` works everywhere".to_owned(),
        DistillError::Perceptual(_) => {
            "give torchvision's vgg16 weights as the recipe's `perceptual.weights`".to_owned()
        }
        DistillError::Train(TrainError::Another { student, .. } | TrainError::Misfit { student, .. }) => {
            let folder = prefix.join(student);
            format!("undo the change, or move {} away to begin anew", folder.display())
        }
        DistillError::Train(TrainError::Save { .. }) | DistillError::Save(_) => {
            "make room on the disk and run the command again; it goes on from the last snapshot".to_owned()
        }
        DistillError::Train(TrainError::Diverged { student, .. }) => {
            let folder = prefix.join(student);
            format!(
                "lower the learning rates in a recipe of your own, and move {} away to begin anew",
                folder.display()
            )
        }
        _ => "`bunraku-distill check` looks at all that training needs".to_owned(),
    };
    Err::<(), _>(error).help(help).expect_err("it is an error")
}

/// Says how it ended. A stop that was asked for is no failure.
fn conclude(finished: &Finished) -> ExitCode {
    let text = match finished {
        Finished::Character(folder) => {
            format!("the character is in {0}\nhelp: `bunraku --character {0}` shows it", folder.display())
        }
        Finished::Stopped => "stopped; the same command goes on from here".to_owned(),
    };
    say(text);
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A training's folder may be the one in which picture, mask and configuration are.
    #[test]
    fn nobody_is_told_to_move_more_away_than_the_student_that_went_wrong() {
        let error = TrainError::Diverged { student: "face_morpher", loss: f64::NAN, examples: 8 };
        let error = way_out(error.into(), Path::new("my_character"));
        let help = error.downcast_ref::<bunraku_cli::Helped>().map(|helped| format!("{helped:?}"));
        assert!(help.is_some_and(|help| help.contains("my_character/face_morpher away")), "{error:?}");
    }
}
