//! `bunraku-distill train`: trains a character's students, or resumes their training.

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

/// Shown under `--help`.
pub(super) const EXAMPLE: &str = "\
Examples:
  bunraku-distill train data/examples/robot.yaml --examples 2000
  bunraku-distill train my_character/config.yaml --recipe fast";

/// Make the character that a configuration describes, or resume where training stopped
///
/// Ctrl-C stops the training and saves it; the same command resumes.
#[derive(clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// A distiller's config.yaml; the paths in it are relative to the working folder
    config: PathBuf,
    /// Use this recipe instead of the configuration's: reference, fast, or a recipe file
    #[arg(long, value_name = "NAME|FILE")]
    recipe: Option<PathBuf>,
    /// Use this backend instead of the configuration's
    #[arg(long, value_enum)]
    backend: Option<Accelerator>,
    /// Stop each student after this many examples, earlier runs included, and make the character from that
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
    let directory = RunDirectory::new(&config.prefix);
    let claim = directory.lock().help("wait for it to finish, or stop it first")?;
    directory.clean(&claim);
    let kept = directory.keep_config(&args.config, &given, &text).map_err(with_way_out)?;
    if kept == SavedConfig::Replaced {
        say(format_args!(
            "note: replaced {}, which belonged to a training that had not started",
            directory.config().display()
        ));
    }
    let mut terminal = Terminal::new();
    let finished = distillation.distil(&mut terminal);
    drop(terminal);
    let finished = finished.map_err(|error| way_out(error, &config.prefix))?;
    if kept == SavedConfig::Changed {
        directory.replace_config(&text).map_err(with_way_out)?;
    }
    drop(claim);
    Ok(conclude(&finished))
}

/// The configuration from its file, and the file's text.
fn configuration(args: &Args) -> anyhow::Result<(DistillerConfig, String)> {
    let text = text(&args.config)?;
    let config = DistillerConfig::parse(&text).with_context(|| args.config.display().to_string())?;
    Ok((config, text))
}

/// The configuration with the command line's overrides. The file's own text is what is saved beside the students; the
/// fingerprint in their checkpoints tells whether the training is still the same.
fn overridden(given: &DistillerConfig, args: &Args) -> DistillerConfig {
    let recipe = args.recipe.clone().unwrap_or_else(|| given.recipe.clone());
    DistillerConfig { recipe, backend: args.backend.unwrap_or(given.backend), ..given.clone() }
}

/// Reads everything that the configuration names.
fn read(config: DistillerConfig, examples: Option<u64>, stop: &AtomicBool) -> anyhow::Result<Distillation<'_>> {
    let recipe = recipe::open(&config.recipe, Path::new(""))
        .with_context(|| config.recipe.display().to_string())
        .help("name the recipe reference or fast, or a recipe file")?;
    // The check has passed; only a file changed since then can fail here.
    let SourceImages { picture, image, mask_file, mask } = SourceImages::open(&config)?;
    let dataset = dataset(&config.pose_dataset)?;
    Ok(Distillation { config, recipe, picture, image, mask_file, mask, dataset, examples, stop })
}

/// The pose dataset and its hash, if there is one.
fn dataset(path: &Path) -> anyhow::Result<Option<(PoseDataset, String)>> {
    let Some((dataset, hash)) = PoseDataset::open(path)
        .with_context(|| format!("the pose dataset {}", path.display()))
        .help("save a tensor [N, 45] with torch.save, or remove the file to train on random poses")?
    else {
        say(format_args!("note: {} is missing; training on random poses", path.display()));
        return Ok(None);
    };
    tracing::info!("{} poses of {} (SHA-256 {hash})", dataset.len(), path.display());
    Ok(Some((dataset, hash)))
}

fn with_way_out(error: RunDirectoryError) -> anyhow::Error {
    let help = match &error {
        RunDirectoryError::OtherConfig { kept, .. } => {
            format!("resume with {}, or give the new configuration another `prefix`", kept.display())
        }
        _ => "check the folder's permissions and the free disk space".to_owned(),
    };
    Err::<(), _>(error).help(help).expect_err("it is an error")
}

fn way_out(error: DistillError, prefix: &Path) -> anyhow::Error {
    let help = match &error {
        DistillError::Backend(_) => "`--backend cpu` works everywhere".to_owned(),
        DistillError::Perceptual(_) => {
            "set the recipe's `perceptual.weights` to torchvision's vgg16 weights".to_owned()
        }
        DistillError::Train(TrainError::Another { student, .. } | TrainError::Misfit { student, .. }) => {
            let folder = prefix.join(student);
            format!("undo the change, or move {} away to start over", folder.display())
        }
        DistillError::Train(TrainError::Save { .. }) | DistillError::Save(_) => {
            "free some disk space and run the command again; it resumes from the last checkpoint".to_owned()
        }
        DistillError::Train(TrainError::Diverged { student, .. }) => {
            let folder = prefix.join(student);
            format!(
                "lower the learning rates in a recipe of your own, and move {} away to start over",
                folder.display()
            )
        }
        _ => "`bunraku-distill check` lists all problems".to_owned(),
    };
    Err::<(), _>(error).help(help).expect_err("it is an error")
}

/// Reports how it ended. A requested stop is no failure.
fn conclude(finished: &Finished) -> ExitCode {
    let text = match finished {
        Finished::Character(folder) => {
            format!("the character is in {0}\nhelp: `bunraku --character {0}` shows it", folder.display())
        }
        Finished::Stopped => "stopped; run the same command to resume".to_owned(),
    };
    say(text);
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The training's folder may hold picture, mask and configuration as well.
    #[test]
    fn the_help_moves_only_the_diverged_student_away() {
        let error = TrainError::Diverged { student: "face_morpher", loss: f64::NAN, examples: 8 };
        let error = way_out(error.into(), Path::new("my_character"));
        let help = error.downcast_ref::<bunraku_cli::Helped>().map(|helped| format!("{helped:?}"));
        assert!(help.is_some_and(|help| help.contains("my_character/face_morpher away")), "{error:?}");
    }
}
