//! `bunraku-distill bench`: measures the teacher, the students and whole training steps, and compares them with a peer.

use super::help::{Help as _, say, stdout};
use bunraku_core::character::{CharacterModel, FACE_SIZE, sample};
use bunraku_distill::{
    backend::{Accelerator, TrainingBackend, Work},
    bench::{Floor, PeerRates, Rates, Workload, body_floor, face_floor, run_peer},
    config::DEFAULT_TEACHER,
    recipe::{FAST, REFERENCE, Recipe, StudentRecipe},
    student::{BodyMorpherConfig, FaceMorpherConfig},
    teacher::{
        Teacher,
        tha4::{self, Tha4Settings},
    },
    trainer::{BodyObjective, FaceObjective, Objective},
};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Targets under `--help`.
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

/// One student with one recipe.
#[derive(Clone, Debug, Serialize)]
struct Line {
    phase: Phase,
    recipe: String,
    /// Examples a step.
    batch: usize,
    /// The share of a picture that an example shows.
    pictures_per_example: f64,
    #[serde(flatten)]
    rates: Rates,
    floor: Floor,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Ratio>,
}

/// A peer's rates, and ours (in pictures) as multiples of them.
#[derive(Clone, Debug, Serialize)]
struct Ratio {
    peer: String,
    /// Its examples a step, if it says.
    batch: Option<usize>,
    #[serde(flatten)]
    rates: Rates,
    times_teacher: f64,
    times_student_step: f64,
    times_whole_step: f64,
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
        print(line, &mut out)?;
    }
    if args.json {
        let report = Report { backend: backend.name(), steps, rounds: args.rounds, results };
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
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

/// The medians over all rounds, with the peers' beside them.
fn summed_up(rounds: &[(Vec<Line>, Vec<PeerRates>)]) -> Vec<Line> {
    let Some((first, peers)) = rounds.first() else { return Vec::new() };
    let line = |(index, line): (usize, &Line)| {
        let rates = median(&rounds.iter().map(|(lines, _)| lines[index].rates).collect::<Vec<_>>());
        let name = match line.phase {
            Phase::Face => "face",
            Phase::Body => "body",
        };
        let beside = peers.iter().filter(|peer| peer.phase == name).map(|peer| {
            let same = rounds.iter().flat_map(|(_, peers)| peers);
            let same = same.filter(|other| other.phase == peer.phase && other.engine == peer.engine);
            ratio(line, &rates, peer, median(&same.map(|peer| peer.rates).collect::<Vec<_>>()))
        });
        Line { rates, beside: beside.collect(), ..line.clone() }
    };
    first.iter().enumerate().map(line).collect()
}

fn ratio(line: &Line, ours: &Rates, peer: &PeerRates, rates: Rates) -> Ratio {
    let share = line.pictures_per_example;
    Ratio {
        peer: peer.engine.clone(),
        batch: peer.batch,
        rates,
        times_teacher: ours.teacher_examples_s / rates.teacher_examples_s,
        times_student_step: share * ours.student_step_examples_s / rates.student_step_examples_s,
        times_whole_step: share * ours.whole_step_examples_s / rates.whole_step_examples_s,
    }
}

/// The median of each rate; of an even number, the mean of the middle two.
fn median(all: &[Rates]) -> Rates {
    let middle = |rate: fn(&Rates) -> f64| {
        let mut sorted: Vec<f64> = all.iter().map(rate).collect();
        sorted.sort_by(f64::total_cmp);
        0.5 * (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2])
    };
    Rates {
        teacher_examples_s: middle(|rates| rates.teacher_examples_s),
        student_step_examples_s: middle(|rates| rates.student_step_examples_s),
        whole_step_examples_s: middle(|rates| rates.whole_step_examples_s),
    }
}

fn print(line: &Line, out: &mut impl Write) -> io::Result<()> {
    let Line { phase, recipe, batch, pictures_per_example, rates, floor, beside } = line;
    let step = floor.step_gmac * rates.student_step_examples_s;
    let patches = if *pictures_per_example < 1.0 {
        format!(", each {pictures_per_example:.4} of a picture")
    } else {
        String::new()
    };
    writeln!(
        out,
        "{phase:?}, {recipe}: teacher {:.3}, student's step {:.3}, whole step {:.3} examples/s, {batch} a step{patches}",
        rates.teacher_examples_s, rates.student_step_examples_s, rates.whole_step_examples_s
    )?;
    writeln!(out, "  the student's step takes {:.2} G multiply-adds, done at {step:.1} G/s", floor.step_gmac)?;
    for ratio in beside {
        print_ratio(ratio, *batch, *pictures_per_example, out)?;
    }
    Ok(())
}

fn print_ratio(ratio: &Ratio, batch: usize, share: f64, out: &mut impl Write) -> io::Result<()> {
    let Ratio { peer, batch: theirs, rates, times_teacher, times_student_step, times_whole_step } = ratio;
    let of = if share < 1.0 { ", in pictures" } else { "" };
    let other = theirs.filter(|theirs| *theirs != batch);
    let other = other.map_or_else(String::new, |theirs| format!(", with a batch of {theirs}"));
    writeln!(
        out,
        "  beside {peer} ({:.3}, {:.3}, {:.3}){other}: {times_teacher:.2} x, {times_student_step:.2} x, \
         {times_whole_step:.2} x{of}",
        rates.teacher_examples_s, rates.student_step_examples_s, rates.whole_step_examples_s
    )
}
