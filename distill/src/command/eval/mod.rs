//! `bunraku-distill eval`: how far students are from their teacher, on poses that no training saw.

mod subject;
mod table;

use super::{
    help::{Help as _, say, stdout},
    signals::stop_on_signal,
};
use anyhow::{Context as _, anyhow};
use bunraku_cli::Helped;
use bunraku_core::pose::Pose;
use bunraku_distill::{
    backend::{Accelerator, TrainingBackend, Work},
    eval::{
        ContactSheet, Evaluation, STEPS, SWEPT, SideBySide, Students, Sweep, SweepRatio, evaluate, sheet_poses,
        sweep_poses,
    },
    examples::{Random, Use, drawn_pose},
    teacher::{self, Teacher, is_layered_art},
};
use burn::tensor::backend::Backend;
use indicatif::ProgressBar;
use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};
use subject::Subject;

/// Targets under `--help`.
pub(super) const EXAMPLE: &str = "\
Examples:
  bunraku-distill eval data/examples/robot.yaml
  bunraku-distill eval data/characters/kohaku/lite --poses 64 --json
  bunraku-distill eval data/characters/kohaku --sweep --sheet sheet.png";

/// What to do about a sheet that cannot be written.
const SHEET: &str = "--sheet takes the name of a PNG file in a folder that can be written to";

/// What to do about the teacher's weights.
const FILES: &str = "put the five files of the original's data/tha4 into one folder and name it with --teacher";

/// What to do about layered art.
const ART: &str = "distill/src/teacher/rig/README.md says how art is layered";

/// Held-out poses on a contact sheet.
const SHEET_POSES: u64 = 24;

/// Compares students with their teacher, on poses that no training saw
///
/// L1 is in the networks' range [-1, 1]; PSNR is over linear premultiplied RGBA; SSIM is over sRGB on middle grey, 11 x 11
/// Gaussian windows. All are over the character's pixels: those where the alpha of either picture is above 1/512.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// A distiller's config.yaml, whose newest students are judged, or a finished character model, judged by the config.yaml
    /// beside it or in the folder above
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
    /// Tell flicker, too: move one parameter after the other in small steps from end to end, and compare how much the
    /// student's picture changes with how much the teacher's does
    #[arg(long)]
    sweep: bool,
    /// Write a contact sheet: every parameter at its ends and 24 of the poses, the teacher's picture beside the student's
    #[arg(long, value_name = "PNG")]
    sheet: Option<PathBuf>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// The job, on whatever backend.
struct EvalJob<'a> {
    subject: &'a Subject,
    args: &'a Args,
    stop: &'a AtomicBool,
}

/// What came out.
struct EvalResult {
    /// As far as it went.
    evaluation: Evaluation,
    ending: Completion,
}

/// How it went on after the evaluation itself, which is worth telling in any case.
enum Completion {
    Whole,
    /// On request, while this was done.
    Stopped(&'static str),
    Failed(anyhow::Error),
}

/// Judges and prints.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let subject = Subject::of(args)?;
    let Students { origin, damaged, .. } = &subject.students;
    for origin in origin {
        say(format_args!("{origin}"));
    }
    for damaged in damaged {
        say(format_args!("warning: {damaged}; the one before is judged"));
    }
    ready(&subject.students, args)?;
    let stop = stop_on_signal()?;
    let job = EvalJob { subject: &subject, args, stop: &stop };
    let EvalResult { evaluation, ending } = subject.backend.run(1, job).help("`--backend cpu` works everywhere")??;
    let mut out = stdout();
    table::print(&evaluation, &mut out)?;
    if let Completion::Stopped(during) = ending {
        say(format_args!("stopped {during}, after {} of {} poses", evaluation.poses, args.poses));
        return Ok(ExitCode::FAILURE);
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&evaluation)?)?;
    }
    match ending {
        Completion::Failed(error) => Err(error),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// What is known before the first pose: that what comes last can be done.
fn ready(students: &Students, args: &Args) -> anyhow::Result<()> {
    if (args.sweep || args.sheet.is_some()) && (students.face.is_none() || students.body.is_none()) {
        return Err(missing_student());
    }
    let Some(sheet) = &args.sheet else { return Ok(()) };
    let folder = sheet.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    // Made and removed again at once.
    let tried = if sheet.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        tempfile::NamedTempFile::new_in(folder).map(drop)
    };
    tried.with_context(|| format!("cannot write the sheet {}", sheet.display())).help(SHEET)
}

/// Why neither flicker nor sheet can be had.
fn missing_student() -> anyhow::Error {
    Helped::new(
        anyhow!("only one of the two students is there"),
        "train the other one, too; then the character can be drawn",
    )
    .into()
}

impl Work for EvalJob<'_> {
    type Output = anyhow::Result<EvalResult>;

    fn run<B: TrainingBackend>(self, devices: Vec<B::Device>) -> Self::Output {
        let Subject { students, image, mask, teacher, .. } = self.subject;
        let help = if is_layered_art(teacher) { ART } else { FILES };
        let mut teacher = teacher::open::<B::InnerBackend>(teacher, image, &devices[0]).help(help)?;
        say(format_args!("the teacher is {}", teacher.describe()));
        let poses = self.poses(self.args.poses.into());
        let progress = ProgressBar::new(poses.len() as u64).with_message("comparing");
        let going_on = || {
            progress.inc(1);
            !self.stopped()
        };
        let found = evaluate(students, image, &mut *teacher, mask.as_deref(), &poses, &devices[0], going_on)?;
        progress.finish_and_clear();
        Ok(self.go_on(found, &mut *teacher, &devices[0]))
    }
}

impl EvalJob<'_> {
    /// The first of the poses that no training saw.
    fn poses(&self, count: u64) -> Vec<Pose> {
        (0..count).map(|index| drawn_pose(&mut Random::new(self.args.seed, Use::HeldOut, index))).collect()
    }

    /// What was asked for beside the evaluation. Where it fails, the evaluation is still there.
    fn go_on<B: Backend>(&self, found: Evaluation, teacher: &mut dyn Teacher<B>, device: &B::Device) -> EvalResult {
        let ended = |evaluation, ending| EvalResult { evaluation, ending };
        if self.stopped() {
            return ended(found, Completion::Stopped("while comparing"));
        }
        let sweeps = if self.args.sweep { self.sweeps(teacher, device) } else { Ok(BTreeMap::new()) };
        let found = match sweeps {
            Ok(sweeps) => found.with_sweeps(sweeps),
            Err(error) => return ended(found, Completion::Failed(error)),
        };
        if self.stopped() {
            return ended(found, Completion::Stopped("while sweeping"));
        }
        let drawn = self.args.sheet.as_ref().map_or(Ok(()), |path| self.save_sheet(path, teacher, device));
        match drawn {
            Err(error) => ended(found, Completion::Failed(error)),
            Ok(()) if self.stopped() => ended(found, Completion::Stopped("while drawing the sheet")),
            Ok(()) => ended(found, Completion::Whole),
        }
    }

    fn save_sheet<B: Backend>(
        &self,
        path: &Path,
        teacher: &mut dyn Teacher<B>,
        device: &B::Device,
    ) -> anyhow::Result<()> {
        let sheet = self.sheet(teacher, device)?;
        // Half a sheet must not take the place of a whole one.
        if self.stopped() { Ok(()) } else { sheet.save(path).help(SHEET) }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn side_by_side<'a, B: Backend>(
        &self,
        teacher: &'a mut dyn Teacher<B>,
        device: &'a B::Device,
    ) -> anyhow::Result<SideBySide<'a, B>> {
        let Subject { students, image, .. } = self.subject;
        SideBySide::new(students, image, teacher, device)?.ok_or_else(missing_student)
    }

    /// The flicker by parameter, as far as it is not stopped.
    fn sweeps<B: Backend>(
        &self,
        teacher: &mut dyn Teacher<B>,
        device: &B::Device,
    ) -> anyhow::Result<BTreeMap<&'static str, SweepRatio>> {
        let mut both = self.side_by_side(teacher, device)?;
        let progress = ProgressBar::new((SWEPT.len() * (STEPS + 1)) as u64).with_message("sweeping");
        let mut ratios = BTreeMap::new();
        for parameter in SWEPT {
            let mut sweep = Sweep::new(parameter);
            for pose in sweep_poses(parameter) {
                if self.stopped() {
                    return Ok(ratios);
                }
                sweep.show(both.paint(&pose));
                progress.inc(1);
            }
            ratios.extend(sweep.ratio().map(|ratio| (parameter.name(), ratio)));
        }
        progress.finish_and_clear();
        Ok(ratios)
    }

    /// The contact sheet, as far as it is not stopped.
    fn sheet<B: Backend>(&self, teacher: &mut dyn Teacher<B>, device: &B::Device) -> anyhow::Result<ContactSheet> {
        let mut both = self.side_by_side(teacher, device)?;
        let poses = sheet_poses(&self.poses(SHEET_POSES));
        let progress = ProgressBar::new(poses.len() as u64).with_message("drawing the sheet");
        let [rest, _] = both.paint(&Pose::default());
        let title = "Each pair: the teacher's picture, then the student's.".to_owned();
        let mut sheet = ContactSheet::new(title, rest);
        for pose in poses.iter().take_while(|_| !self.stopped()) {
            sheet.push(pose, both.paint(&pose.pose));
            progress.inc(1);
        }
        progress.finish_and_clear();
        Ok(sheet)
    }
}
