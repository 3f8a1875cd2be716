//! `bunraku-distill eval`: how far students are from their teacher, on poses that no training saw.

use super::{help::Help as _, signals::stop_on_signal};
use anyhow::Context as _;
use bunraku_core::{
    character::{CharacterImage, CharacterModel},
    pose::Pose,
};
use bunraku_distill::{
    backend::{Accelerator, TrainingBackend, Work},
    config::{DEFAULT_TEACHER, DistillerConfig},
    eval::{Evaluation, Scores, Students, StudentsError, evaluate},
    examples::{Random, Use, drawn_pose, face_mask},
    teacher,
};
use indicatif::ProgressBar;
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

/// Shown under `--help`.
pub(super) const EXAMPLE: &str = "\
Examples:
  bunraku-distill eval data/distill_examples/my_character/config.yaml
  bunraku-distill eval my_character/character_model --poses 64 --json";

/// The name of a finished character's folder within a training's.
const CHARACTER: &str = "character_model";

/// Compares students with their teacher, on poses that no training saw
///
/// L1 is in the networks' range [-1, 1]; PSNR is over linear premultiplied RGBA; SSIM is over sRGB on middle grey, 11 x 11
/// Gaussian windows. All are over the character's pixels: those where the alpha of either picture is above 1/512.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// A distiller's config.yaml, whose newest students are judged, or a finished character model
    path: PathBuf,
    /// How many poses
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    poses: u32,
    /// Which poses; those of 0 are what `train` measures itself by
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The face mask, for scores of eyes and mouth [default: the configuration's]
    #[arg(long, value_name = "PNG")]
    mask: Option<PathBuf>,
    /// The folder with THA4's five networks, or layered art (.svg) [default: the configuration's, or data/tha4]
    #[arg(long, value_name = "DIR")]
    teacher: Option<PathBuf>,
    /// On what the teacher runs [default: as the configuration says, or auto]
    #[arg(long, value_enum)]
    backend: Option<Accelerator>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// Who is judged.
struct Candidate {
    students: Students,
    image: CharacterImage,
    mask: Option<PathBuf>,
    teacher: PathBuf,
    backend: Accelerator,
}

/// The judging, on whatever backend.
struct Judging<'a> {
    candidate: &'a Candidate,
    mask: Option<Vec<f32>>,
    teacher: PathBuf,
    poses: Vec<Pose>,
    stop: &'a AtomicBool,
}

/// Judges and prints.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let candidate = candidate(&args.path)?;
    for origin in &candidate.students.origin {
        writeln!(io::stderr(), "{origin}")?;
    }
    let mask = args.mask.as_ref().or(candidate.mask.as_ref()).map(|path| read_mask(path)).transpose()?;
    let pose = |index| drawn_pose(&mut Random::new(args.seed, Use::HeldOut, index));
    let stop = stop_on_signal()?;
    let judging = Judging {
        candidate: &candidate,
        mask,
        teacher: args.teacher.clone().unwrap_or_else(|| candidate.teacher.clone()),
        poses: (0..args.poses.into()).map(pose).collect(),
        stop: &stop,
    };
    let backend = args.backend.unwrap_or(candidate.backend);
    let evaluation = backend.run(1, judging).help("`--backend cpu` works everywhere")??;
    let mut out = io::stdout().lock();
    print(&evaluation, &mut out)?;
    if stop.load(Ordering::Relaxed) {
        writeln!(io::stderr(), "stopped after {} of {} poses", evaluation.poses, args.poses)?;
        return Ok(ExitCode::FAILURE);
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&evaluation)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Work for Judging<'_> {
    type Output = anyhow::Result<Evaluation>;

    fn run<B: TrainingBackend>(self, devices: Vec<B::Device>) -> Self::Output {
        let Self { candidate: Candidate { students, image, .. }, mask, teacher, poses, stop } = self;
        let mut teacher = teacher::open::<B::InnerBackend>(&teacher, image, &devices[0])
            .help("put the five files of the original's data/tha4 into one folder and name it with --teacher")?;
        writeln!(io::stderr(), "the teacher is {}", teacher.describe())?;
        let progress = ProgressBar::new(poses.len() as u64).with_message("comparing");
        let going_on = || {
            progress.inc(1);
            !stop.load(Ordering::Relaxed)
        };
        let found = evaluate(students, image, &mut *teacher, mask.as_deref(), &poses, &devices[0], going_on)?;
        progress.finish_and_clear();
        Ok(found)
    }
}

/// A configuration's newest students, or a character's.
fn candidate(path: &Path) -> anyhow::Result<Candidate> {
    if let Some(config) = read_config(path)? {
        return in_training(&config);
    }
    let character = CharacterModel::load(path);
    let character = character.help("give a distiller's config.yaml or a character model's folder")?;
    let students = Students::of_character(&character, path);
    let (teacher, backend) = (DEFAULT_TEACHER.into(), Accelerator::default());
    Ok(Candidate { students, image: character.image, mask: None, teacher, backend })
}

/// The distiller's configuration in this file, if it is one and not a character model's settings.
fn read_config(path: &Path) -> anyhow::Result<Option<DistillerConfig>> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !text.lines().any(|line| line.starts_with("prefix:")) {
        return Ok(None);
    }
    let config = DistillerConfig::parse(&text).map_err(|invalid| {
        let errors: Vec<String> = invalid.errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}: {}", path.display(), errors.join("; "))
    });
    config.map(Some).help("`bunraku-distill check` says more")
}

fn in_training(config: &DistillerConfig) -> anyhow::Result<Candidate> {
    let bytes = fs::read(&config.character_image);
    let bytes = bytes.with_context(|| format!("cannot read {}", config.character_image.display()));
    let bytes = bytes.help("run from the folder that the configuration's paths are relative to")?;
    let image = CharacterImage::from_png(&bytes).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}: {}", config.character_image.display(), problems.join("; "))
    });
    let image = image.help("`bunraku-distill check` says more")?;
    let students = match Students::of_training(&config.prefix) {
        Err(StudentsError::None(_)) if config.prefix.join(CHARACTER).is_dir() => {
            let folder = config.prefix.join(CHARACTER);
            Students::of_character(&CharacterModel::load(&folder)?, &folder)
        }
        students => students.help("`bunraku-distill train` makes the students")?,
    };
    let teacher = config.teacher.clone();
    Ok(Candidate { students, image, mask: Some(config.face_mask.clone()), teacher, backend: config.backend })
}

fn read_mask(path: &Path) -> anyhow::Result<Vec<f32>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read the face mask {}", path.display()))?;
    face_mask(&bytes).with_context(|| format!("cannot read the face mask {}", path.display()))
}

/// A table for people.
fn print(evaluation: &Evaluation, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{} poses{:21}{:>10}{:>10}{:>9}", evaluation.poses, "", "L1", "PSNR dB", "SSIM")?;
    for (name, scores) in &evaluation.regions {
        row(&format!("character, {name}"), scores, out)?;
    }
    if let Some(face) = &evaluation.face_morpher {
        row("face morpher", &face.whole, out)?;
        if let Some(marked) = &face.eyes_and_mouth {
            row("face morpher, eyes_and_mouth", marked, out)?;
        }
    }
    for (name, scores) in &evaluation.body_morpher {
        row(&format!("body morpher, {name}"), scores, out)?;
    }
    Ok(())
}

fn row(name: &str, Scores { l1, psnr_db, ssim }: &Scores, out: &mut impl Write) -> io::Result<()> {
    let shown = |value: &f64, digits: usize| if value.is_nan() { "-".to_owned() } else { format!("{value:.digits$}") };
    writeln!(out, "{name:<29}{:>10}{:>10}{:>9}", shown(l1, 5), shown(psnr_db, 2), shown(ssim, 4))
}
