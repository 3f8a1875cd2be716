//! `bunraku-distill eval`: compares students with their teacher on held-out poses.

mod subject;
mod table;

use super::{
    help::{Help as _, say, stdout},
    signals::stop_on_signal,
};
use anyhow::{Context as _, anyhow};
use bunraku_cli::{Helped, progress::bar, write_json_line};
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
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};
use subject::Subject;

/// Shown under `--help`.
pub(super) const EXAMPLE: &str = "\
Examples:
  bunraku-distill eval data/examples/robot.yaml
  bunraku-distill eval data/characters/kohaku/lite --poses 64 --json
  bunraku-distill eval data/characters/kohaku --sweep --sheet sheet.png";

/// The help for a sheet that cannot be written.
const SHEET: &str = "pass a PNG file in a writable folder as --sheet";

/// The help for problems with the teacher's weights.
const FILES: &str = "put the five files of the original's data/tha4 into one folder and pass it with --teacher";

/// The help for problems with layered art.
const ART: &str = "distill/src/teacher/rig/README.md explains how to layer art";

/// The number of held-out poses on a contact sheet.
const SHEET_POSES: u64 = 24;

/// Compare students with their teacher, on poses that training never saw
///
/// L1 is in the networks' range [-1, 1], PSNR is over linear premultiplied RGBA, SSIM over sRGB on middle grey with 11
/// x 11 Gaussian windows. All are over the character's pixels: those where either picture's alpha is above 1/512.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// A distiller's config.yaml, to evaluate its newest students, or a finished character model, with the config.yaml
    /// beside it or in the folder above
    path: PathBuf,
    /// Number of poses
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    poses: u32,
    /// Seed of the poses; 0 gives the ones `train` measures itself by
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The face mask, for scores of eyes and mouth [default: the configuration's]
    #[arg(long, value_name = "PNG")]
    mask: Option<PathBuf>,
    /// The folder with THA4's five networks, or layered art (.svg) [default: the configuration's, or data/tha4]
    #[arg(long, value_name = "DIR")]
    teacher: Option<PathBuf>,
    /// Where to run the teacher [default: the configuration's, or auto]
    #[arg(long, value_enum)]
    backend: Option<Accelerator>,
    /// Measure flicker too: move each parameter from end to end in small steps, and compare the changes in the
    /// student's picture with those in the teacher's
    #[arg(long)]
    sweep: bool,
    /// Write a contact sheet: every parameter at its ends and 24 held-out poses, the teacher's picture beside the
    /// student's
    #[arg(long, value_name = "PNG")]
    sheet: Option<PathBuf>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// The evaluation, on any backend.
struct EvalJob<'a> {
    subject: &'a Subject,
    args: &'a Args,
    stop: &'a AtomicBool,
}

/// The result.
struct EvalResult {
    /// The scores so far.
    evaluation: Evaluation,
    ending: Completion,
}

/// What came after the scores, which are printed in any case.
enum Completion {
    Whole,
    /// Stopped on request; holds what was going on.
    Stopped(&'static str),
    Failed(anyhow::Error),
}

/// Evaluates and prints.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let subject = Subject::of(args)?;
    let Students { origin, damaged, .. } = &subject.students;
    for origin in origin {
        say(format_args!("{origin}"));
    }
    for damaged in damaged {
        say(format_args!("warning: {damaged}; using the one before"));
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
        write_json_line(&mut out, &evaluation)?;
    }
    match ending {
        Completion::Failed(error) => Err(error),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Checks before the first pose that the sweep and the sheet will be possible.
fn ready(students: &Students, args: &Args) -> anyhow::Result<()> {
    if (args.sweep || args.sheet.is_some()) && (students.face.is_none() || students.body.is_none()) {
        return Err(missing_student());
    }
    let Some(sheet) = &args.sheet else { return Ok(()) };
    let folder = sheet.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    // Try the folder with a temporary file.
    let tried = if sheet.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        tempfile::NamedTempFile::new_in(folder).map(drop)
    };
    tried.with_context(|| format!("cannot write the sheet {}", sheet.display())).help(SHEET)
}

/// The error if there is no sweep or sheet because a student is missing.
fn missing_student() -> anyhow::Error {
    Helped::new(
        anyhow!("one of the two students is missing"),
        "train both students; the sweep and the sheet need the whole character",
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
        let progress = bar(poses.len(), "comparing");
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
    /// The first `count` held-out poses.
    fn poses(&self, count: u64) -> Vec<Pose> {
        (0..count).map(|index| drawn_pose(&mut Random::new(self.args.seed, Use::HeldOut, index))).collect()
    }

    /// The sweep and the sheet, if requested. If one fails, the scores are still returned.
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
        // Half a sheet must not replace a whole one.
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

    /// The flicker by parameter, until stopped.
    fn sweeps<B: Backend>(
        &self,
        teacher: &mut dyn Teacher<B>,
        device: &B::Device,
    ) -> anyhow::Result<BTreeMap<&'static str, SweepRatio>> {
        let mut both = self.side_by_side(teacher, device)?;
        let progress = bar(SWEPT.len() * (STEPS + 1), "sweeping");
        let mut ratios = BTreeMap::new();
        for parameter in SWEPT {
            let mut sweep = Sweep::new(parameter);
            for pose in sweep_poses(parameter) {
                if self.stopped() {
                    return Ok(ratios);
                }
                sweep.show(both.draw(&pose));
                progress.inc(1);
            }
            ratios.extend(sweep.ratio().map(|ratio| (parameter.name(), ratio)));
        }
        progress.finish_and_clear();
        Ok(ratios)
    }

    /// The contact sheet, until stopped.
    fn sheet<B: Backend>(&self, teacher: &mut dyn Teacher<B>, device: &B::Device) -> anyhow::Result<ContactSheet> {
        let mut both = self.side_by_side(teacher, device)?;
        let poses = sheet_poses(&self.poses(SHEET_POSES));
        let progress = bar(poses.len(), "drawing the sheet");
        let [rest, _] = both.draw(&Pose::default());
        let title = "Each pair: the teacher's picture, then the student's.".to_owned();
        let mut sheet = ContactSheet::new(title, rest);
        for pose in poses.iter().take_while(|_| !self.stopped()) {
            sheet.push(pose, both.draw(&pose.pose));
            progress.inc(1);
        }
        progress.finish_and_clear();
        Ok(sheet)
    }
}
