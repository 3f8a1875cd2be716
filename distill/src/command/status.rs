//! `bunraku-distill status`: shows how far a training is, from its checkpoints.

use super::{
    help::{Help as _, stdout},
    report::text,
    terminal::duration,
};
use anyhow::Context as _;
use bunraku_distill::{
    checkpoint::{CheckpointStore, HeldOut, Newest},
    config::DistillerConfig,
    recipe::{self, StudentRecipe},
    trainer::{RunDirectory, STUDENTS},
};
use serde::Serialize;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku-distill status data/examples/robot.yaml
  bunraku-distill status my_character/config.yaml --json";

/// Show how far a training is: phase, examples, error, time left, and whether its checkpoints are intact
#[derive(clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// A distiller's config.yaml; the paths in it are relative to the working folder
    config: PathBuf,
    /// The recipe it is trained with [default: the configuration's]
    #[arg(long, value_name = "NAME|FILE")]
    recipe: Option<PathBuf>,
    /// End with one line of JSON on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Status {
    prefix: PathBuf,
    /// Whether a training is running.
    running: bool,
    students: Vec<Student>,
    /// The finished character's folder.
    character: Option<PathBuf>,
}

#[derive(Serialize)]
struct Student {
    name: &'static str,
    /// As of the newest intact checkpoint.
    examples: u64,
    total: u64,
    /// Counted from 1.
    phase: usize,
    phases: usize,
    held_out: Option<HeldOut>,
    /// Time spent training, in seconds.
    seconds: f64,
    /// An estimate at the speed so far.
    seconds_left: Option<f64>,
    snapshot: Option<PathBuf>,
    /// Newer checkpoints that cannot be used, and why.
    damaged: Vec<Broken>,
}

#[derive(Serialize)]
struct Broken {
    path: PathBuf,
    why: String,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let status = status(args)?;
    let text = if args.json { serde_json::to_string(&status)? } else { status.describe() };
    writeln!(stdout(), "{text}").context("cannot write the status")?;
    Ok(ExitCode::SUCCESS)
}

fn status(args: &Args) -> anyhow::Result<Status> {
    let text = text(&args.config).help("pass the path of a distiller's config.yaml")?;
    let check = format!("`bunraku-distill check {}` lists all problems", args.config.display());
    let config = DistillerConfig::parse(&text).with_context(|| args.config.display().to_string()).help(&check)?;
    let name = args.recipe.as_ref().unwrap_or(&config.recipe);
    let recipe = recipe::open(name, Path::new("")).with_context(|| name.display().to_string()).help(&check)?;
    let directory = RunDirectory::new(&config.prefix);
    let [face, body] = STUDENTS;
    let students = vec![student(&directory, face, &recipe.face), student(&directory, body, &recipe.body)];
    let character = Some(directory.character()).filter(|folder| folder.join("character_model.yaml").is_file());
    Ok(Status { running: directory.is_locked(), prefix: config.prefix, students, character })
}

fn student<N, L: Copy>(directory: &RunDirectory, name: &'static str, student_recipe: &StudentRecipe<N, L>) -> Student {
    let Newest { checkpoint, damaged } = CheckpointStore::new(&directory.student(name)).newest();
    let (snapshot, progress) = checkpoint.map(|(path, checkpoint)| (path, checkpoint.progress)).unzip();
    let (examples, seconds) = progress.as_ref().map_or((0, 0.0), |progress| (progress.examples, progress.seconds));
    let left = student_recipe.examples().saturating_sub(examples) as f64;
    Student {
        name,
        examples,
        total: student_recipe.examples(),
        phase: student_recipe.phase(examples) + 1,
        phases: student_recipe.phases.len(),
        held_out: progress.and_then(|progress| progress.held_out),
        seconds,
        seconds_left: (examples > 0).then(|| seconds / examples as f64 * left),
        snapshot,
        damaged: damaged.into_iter().map(|it| Broken { path: it.path, why: it.why.to_string() }).collect(),
    }
}

impl Status {
    fn describe(&self) -> String {
        let running = if self.running { "a training is running" } else { "no training is running" };
        let mut lines = vec![format!("{}: {running}", self.prefix.display())];
        lines.extend(self.students.iter().map(Student::describe));
        lines.push(match &self.character {
            Some(folder) => format!("  character     {}", folder.display()),
            None => "  character     not finished yet".to_owned(),
        });
        lines.join("\n")
    }
}

impl Student {
    fn describe(&self) -> String {
        let Self { name, examples, total, phase, phases, .. } = self;
        let mut parts = vec![format!("{examples} of {total} examples, phase {phase} of {phases}")];
        parts.extend(self.held_out.map(|held_out| format!("held-out L1 {:.5} at {}", held_out.l1, held_out.examples)));
        parts.extend(self.seconds_left.map(|seconds| format!("{} left", duration(seconds))));
        let snapshot = self.snapshot.as_ref().map_or_else(
            || "no checkpoint yet".to_owned(),
            |path| format!("last checkpoint {}, intact", path.display()),
        );
        let damaged = self.damaged.iter().map(|it| format!("\n                {}: {}", it.path.display(), it.why));
        format!("  {name:<13} {}\n                {snapshot}{}", parts.join(", "), damaged.collect::<String>())
    }
}
