//! `bunraku-distill bench`: examples a second of teacher, students and both, beside the floor and beside a peer.

use super::help::Help as _;
use bunraku_core::character::{CharacterModel, FACE_SIZE, sample};
use bunraku_distill::{
    backend::{Accelerator, TrainingBackend, Work},
    bench::{Floor, PeerRates, Rates, Workload, body_floor, face_floor, run_peer},
    recipe::{FAST, REFERENCE, Recipe},
    student::{BodyMorpherConfig, FaceMorpherConfig},
    teacher::{
        Teacher,
        tha4::{self, Tha4Settings},
    },
    trainer::{BodyLesson, FaceLesson},
};
use serde::Serialize;
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Shown under `--help`.
pub(super) const EXAMPLE: &str = "\
Examples:
  bunraku-distill bench --only face --backend cpu --batch 1 --steps 2
  bunraku-distill bench --beside torch_distill.sh --rounds 3 --json";

/// Measures how many examples a second the teacher paints and the students learn from
///
/// Both students and both recipes; the teacher alone, the student's step alone, and the training's own mixture of them.
/// Without the teacher's files it is made of formula weights, which take as long.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// One student only
    #[arg(long, value_enum)]
    only: Option<Phase>,
    /// One recipe only
    #[arg(long, value_parser = [REFERENCE, FAST])]
    recipe: Option<String>,
    /// Examples a step, and pictures that the teacher paints at once [default: 8; 1 on the CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    batch: Option<u32>,
    /// Steps to measure, after two that do not count [default: 10; 2 on the CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
    /// On what it runs
    #[arg(long, value_enum, default_value_t)]
    backend: Accelerator,
    /// The folder with THA4's five networks
    #[arg(long, value_name = "DIR", default_value = "data/tha4")]
    teacher: PathBuf,
    /// A peer's command, its words parted by spaces; it prints a line of JSON for each student
    #[arg(long, value_name = "COMMAND")]
    beside: Option<String>,
    /// How often peer and ours are measured in turn; medians are given
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// Which student, as the peers call them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Phase {
    Face,
    Body,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    backend: &'static str,
    batch: usize,
    steps: usize,
    rounds: u32,
    results: Vec<Line>,
}

/// One student with one recipe.
#[derive(Clone, Debug, Serialize)]
struct Line {
    phase: Phase,
    recipe: String,
    #[serde(flatten)]
    rates: Rates,
    floor: Floor,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Ratio>,
}

/// A peer's rates, and ours as multiples of them.
#[derive(Clone, Debug, Serialize)]
struct Ratio {
    peer: String,
    #[serde(flatten)]
    rates: Rates,
    times_teacher: f64,
    times_student_step: f64,
    times_whole_step: f64,
}

/// Measures and prints.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let backend = args.backend.resolve().help("`--backend cpu` works everywhere")?;
    let (batch, steps) = if backend == Accelerator::Cpu { (1, 2) } else { (8, 10) };
    let measuring = Measuring {
        phases: args.only.map_or_else(|| vec![Phase::Face, Phase::Body], |only| vec![only]),
        recipes: args.recipe.clone().map_or_else(|| vec![REFERENCE.to_owned(), FAST.to_owned()], |recipe| vec![recipe]),
        batch: args.batch.unwrap_or(batch) as usize,
        steps: args.steps.unwrap_or(steps) as usize,
        rounds: args.rounds,
        teacher: Tha4Settings { folder: args.teacher.clone() },
        beside: args.beside.clone(),
    };
    let (batch, steps) = (measuring.batch, measuring.steps);
    let results = backend.run(1, measuring).help("`--backend cpu` works everywhere")??;
    let mut out = io::stdout().lock();
    for line in &results {
        print(line, &mut out)?;
    }
    if args.json {
        let report = Report { backend: backend.name(), batch, steps, rounds: args.rounds, results };
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The measuring, on whatever backend.
struct Measuring {
    phases: Vec<Phase>,
    recipes: Vec<String>,
    batch: usize,
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
            .help("put the five files of the original's data/tha4 into one folder and name it with --teacher")?;
        writeln!(io::stderr(), "the teacher is {}", teacher.describe())?;
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            // In turn, so that a machine that grows slower does so for both.
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
                let rates = self.rates::<B>(phase, &recipe, teacher, device);
                let floor = match phase {
                    Phase::Face => face_floor(character),
                    Phase::Body => body_floor(character, recipe.body.replay.and_then(|replay| replay.patch)),
                };
                lines.push(Line { phase, recipe: name.clone(), rates, floor, beside: Vec::new() });
            }
        }
        lines
    }

    fn rates<B: TrainingBackend>(
        &self,
        phase: Phase,
        recipe: &Recipe,
        teacher: &mut dyn Teacher<B::InnerBackend>,
        device: &B::Device,
    ) -> Rates {
        let (adam, batch, steps, device) = (recipe.adam, self.batch, self.steps, device.clone());
        match phase {
            Phase::Face => {
                let network = FaceMorpherConfig::new(recipe.face.network.clone());
                let lesson = &FaceLesson {
                    network,
                    first_position: recipe.face.first_position,
                    mask: vec![1.0; FACE_SIZE * FACE_SIZE],
                    perceptual: None,
                };
                Workload::<B, _, _> { lesson, course: &recipe.face, adam, batch, steps, device }.measure(teacher)
            }
            Phase::Body => {
                let lesson = &BodyLesson {
                    network: BodyMorpherConfig::new(recipe.body.network.clone()),
                    first_position: recipe.body.first_position,
                    character: Vec::new(),
                    perceptual: None,
                };
                Workload::<B, _, _> { lesson, course: &recipe.body, adam, batch, steps, device }.measure(teacher)
            }
        }
    }
}

/// The medians of all rounds, with the peers' beside.
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
            ratio(&rates, peer, median(&same.map(|peer| peer.rates).collect::<Vec<_>>()))
        });
        Line { rates, beside: beside.collect(), ..line.clone() }
    };
    first.iter().enumerate().map(line).collect()
}

fn ratio(ours: &Rates, peer: &PeerRates, rates: Rates) -> Ratio {
    Ratio {
        peer: peer.engine.clone(),
        rates,
        times_teacher: ours.teacher_examples_s / rates.teacher_examples_s,
        times_student_step: ours.student_step_examples_s / rates.student_step_examples_s,
        times_whole_step: ours.whole_step_examples_s / rates.whole_step_examples_s,
    }
}

/// The median of each rate; of an even number the mean of the middle two.
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
    let Line { phase, recipe, rates, floor, beside } = line;
    let step = floor.step_gmac * rates.student_step_examples_s;
    writeln!(
        out,
        "{phase:?}, {recipe}: teacher {:.3}, student's step {:.3}, whole step {:.3} examples/s",
        rates.teacher_examples_s, rates.student_step_examples_s, rates.whole_step_examples_s
    )?;
    writeln!(out, "  floor of the student's step: {:.2} G multiply-adds; done at {step:.1} G/s", floor.step_gmac)?;
    for Ratio { peer, rates, times_teacher, times_student_step, times_whole_step } in beside {
        writeln!(
            out,
            "  beside {peer} ({:.3}, {:.3}, {:.3}): {times_teacher:.2} x, {times_student_step:.2} x, \
             {times_whole_step:.2} x",
            rates.teacher_examples_s, rates.student_step_examples_s, rates.whole_step_examples_s
        )?;
    }
    Ok(())
}
