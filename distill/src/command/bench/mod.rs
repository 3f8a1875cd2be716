//! `bunraku-distill bench`: measures the teacher, the students and whole training steps, and compares them with a peer.

mod result;
mod table;

use super::help::{Help as _, say, stdout};
use bunraku_cli::write_json_line;
use bunraku_core::character::{CharacterModel, FACE_SIZE, sample};
use bunraku_distill::{
    backend::{Accelerator, TrainingBackend, Work},
    bench::{Floor, Workload, body_floor, face_floor, run_peer},
    config::DEFAULT_TEACHER,
    recipe::{FAST, REFERENCE, Recipe, StudentRecipe},
    student::{BodyMorpherConfig, FaceMorpherConfig},
    teacher::{
        Teacher,
        tha4::{self, Tha4Settings},
    },
    trainer::{BodyObjective, FaceObjective, Objective},
};
use result::{Line, summed_up};
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode};

/// Shown under `--help`.
pub(super) const EXAMPLE: &str = "\
Examples:
  bunraku-distill bench --only face --backend cpu --batch 1 --steps 2
  bunraku-distill bench --beside torch_distill.sh --rounds 3 --json";

/// Measure how many examples a second the teacher renders and the students train on
///
/// Measures both students with both recipes: the teacher alone, the student's step alone, and both as in training. With
/// a recipe of patches an example is a part of a picture, so a peer with whole pictures is compared by pictures, not
/// examples. These rates do not tell how soon an error is reached: only a training does.
///
/// Without the teacher's files, formula weights stand in; they take just as long.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// Measure one student only
    #[arg(long, value_enum)]
    only: Option<Phase>,
    /// Measure one recipe only
    #[arg(long, value_parser = [REFERENCE, FAST])]
    recipe: Option<String>,
    /// Examples a step, and pictures that the teacher renders at once [default: the recipe's, or 8 (1 on the CPU) if it
    /// sets none]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    batch: Option<u32>,
    /// Steps to measure, after two to warm up [default: 10; 4 on the CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
    /// Where to run
    #[arg(long, value_enum, default_value_t)]
    backend: Accelerator,
    /// The folder with THA4's five networks
    #[arg(long, value_name = "DIR", default_value = DEFAULT_TEACHER)]
    teacher: PathBuf,
    /// A peer's command, its words separated by spaces; it prints a line of JSON a student
    #[arg(long, value_name = "COMMAND")]
    beside: Option<String>,
    /// How often to measure peer and own code in turn; the medians are printed
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// The student, by the peers' name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Phase {
    Face,
    Body,
}

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct Report {
    backend: &'static str,
    steps: usize,
    rounds: u32,
    results: Vec<Line>,
}

/// Measures and prints.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let backend = args.backend.resolve().help("`--backend cpu` works everywhere")?;
    let (usual, steps) = if backend == Accelerator::Cpu { (1, 4) } else { (8, 10) };
    let measuring = Measuring {
        phases: args.only.map_or_else(|| vec![Phase::Face, Phase::Body], |only| vec![only]),
        recipes: args.recipe.clone().map_or_else(|| vec![REFERENCE.to_owned(), FAST.to_owned()], |recipe| vec![recipe]),
        batch: args.batch.map(|batch| batch as usize),
        usual,
        memory: backend.memory(1),
        steps: args.steps.unwrap_or(steps) as usize,
        rounds: args.rounds,
        teacher: Tha4Settings { folder: args.teacher.clone() },
        beside: args.beside.clone(),
    };
    let steps = measuring.steps;
    let results = backend.run(1, measuring).help("`--backend cpu` works everywhere")??;
    let mut out = stdout();
    for line in &results {
        table::print(line, &mut out)?;
    }
    if args.json {
        let report = Report { backend: backend.name(), steps, rounds: args.rounds, results };
        write_json_line(&mut out, &report)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The measurement, on any backend.
struct Measuring {
    phases: Vec<Phase>,
    recipes: Vec<String>,
    batch: Option<usize>,
    usual: usize,
    memory: u64,
    steps: usize,
    rounds: u32,
    teacher: Tha4Settings,
    beside: Option<String>,
}

impl Work for Measuring {
    type Output = anyhow::Result<Vec<Line>>;

    fn run<B: TrainingBackend>(self, devices: Vec<B::Device>) -> Self::Output {
        let character = sample::character(0, sample::STANDARD);
        let mut teacher = tha4::open::<B::InnerBackend>(&self.teacher, &character.image, &devices[0])
            .help("put the five files of the original's data/tha4 into one folder and pass it with --teacher")?;
        say(format_args!("the teacher is {}", teacher.describe()));
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            // In turn, so that a machine that slows down does so for both.
            let peers = self.beside.as_deref().map_or_else(|| Ok(Vec::new()), run_peer);
            let peers = peers.help("try the peer's command by itself first")?;
            rounds.push((self.lines::<B>(&character, &mut *teacher, &devices[0]), peers));
        }
        Ok(summed_up(&rounds))
    }
}

impl Measuring {
    /// All students with all recipes, once.
    fn lines<B: TrainingBackend>(
        &self,
        character: &CharacterModel,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        device: &B::Device,
    ) -> Vec<Line> {
        let mut lines = Vec::new();
        for &phase in &self.phases {
            for name in &self.recipes {
                let recipe = Recipe::built_in(name).expect("the command line takes built-in recipes only");
                let line = match phase {
                    Phase::Face => self.face::<B>(name, &recipe, character, teacher, device),
                    Phase::Body => self.body::<B>(name, &recipe, character, teacher, device),
                };
                lines.push(line);
            }
        }
        lines
    }

    fn face<B: TrainingBackend>(
        &self,
        name: &str,
        recipe: &Recipe,
        character: &CharacterModel,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        device: &B::Device,
    ) -> Line {
        let objective = FaceObjective {
            network: FaceMorpherConfig::new(recipe.face.network.clone()),
            first_position: recipe.face.first_position,
            mask: vec![1.0; FACE_SIZE * FACE_SIZE],
            perceptual: None,
        };
        let work = self.workload::<B, _, _>(&objective, &recipe.face, recipe, device);
        line(Phase::Face, name, &work, teacher, |share| face_floor(character, share))
    }

    fn body<B: TrainingBackend>(
        &self,
        name: &str,
        recipe: &Recipe,
        character: &CharacterModel,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        device: &B::Device,
    ) -> Line {
        let objective = BodyObjective {
            network: BodyMorpherConfig::new(recipe.body.network.clone()),
            first_position: recipe.body.first_position,
            character: Vec::new(),
            perceptual: None,
        };
        let work = self.workload::<B, _, _>(&objective, &recipe.body, recipe, device);
        line(Phase::Body, name, &work, teacher, |share| body_floor(character, share))
    }

    fn workload<'a, B: TrainingBackend, L: Objective<B>, N>(
        &self,
        objective: &'a L,
        student_recipe: &'a StudentRecipe<N, L::Losses>,
        recipe: &Recipe,
        device: &B::Device,
    ) -> Workload<'a, B, L, N> {
        let Self { batch, usual, memory, steps, .. } = *self;
        Workload { objective, student_recipe, adam: recipe.adam, batch, usual, steps, device: device.clone(), memory }
    }
}

/// One student with one recipe, measured.
fn line<B: TrainingBackend, L: Objective<B>, N>(
    phase: Phase,
    recipe: &str,
    work: &Workload<'_, B, L, N>,
    teacher: &mut dyn Teacher<B::InnerBackend>,
    floor: impl Fn(f64) -> Floor,
) -> Line {
    let pictures_per_example = work.picture_share();
    Line {
        phase,
        recipe: recipe.to_owned(),
        batch: work.batch(),
        pictures_per_example,
        rates: work.measure(teacher),
        floor: floor(pictures_per_example),
        beside: Vec::new(),
    }
}
