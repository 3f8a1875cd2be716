//! `bunraku-distill draw`: layered art as pictures, without any training.

use super::{help::Help as _, signals::stop_on_signal};
use anyhow::Context as _;
use bunraku_core::files::replace;
use bunraku_core::poses::{NamedPose, read_poses};
use bunraku_distill::teacher::rig::{Rig, png};
use indicatif::ProgressBar;
use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::Ordering,
};

/// Targets under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku-distill draw data/characters/kohaku/art.svg --out pictures
  bunraku-distill draw my_art.svg --out pictures --poses poses.jsonl

A line of the poses file, 45 numbers or what is not 0 by name:
  {\"name\": \"wink\", \"pose\": {\"eye_wink_left\": 1, \"head_x\": 0.4}}";

/// The resting picture's file.
const CHARACTER: &str = "character";

/// The face mask's file.
const FACE_MASK: &str = "face_mask";

/// Draw layered art: the resting picture, the face mask, and any poses
///
/// Writes DIR/character.png and DIR/face_mask.png, as `train` draws them where a configuration names none, and a picture
/// DIR/NAME.png for each pose. Values beyond their range are clamped.
#[derive(clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// The layered art; distill/src/teacher/rig/README.md says how it is layered
    art: PathBuf,
    /// Where the pictures go; the folder is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Lines of JSON, a named pose each
    #[arg(long, value_name = "FILE")]
    poses: Option<PathBuf>,
}

/// Draws all of it.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let poses = args.poses.as_deref().map(open_poses).transpose()?.unwrap_or_default();
    let rig = Rig::open(&args.art).help("distill/src/teacher/rig/README.md says how art is layered")?;
    let stop = stop_on_signal()?;
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))
        .help("--out takes a folder that can be written to")?;
    let portrait = rig.portrait()?;
    write(&args.out, CHARACTER, &portrait.picture)?;
    write(&args.out, FACE_MASK, &portrait.mask)?;
    let progress = ProgressBar::new(poses.len() as u64).with_message("drawing");
    for (done, NamedPose { name, pose }) in poses.iter().enumerate() {
        anyhow::ensure!(!stop.load(Ordering::Relaxed), "stopped: {done} of {} poses were drawn", poses.len());
        write(&args.out, name, &png(&rig.pose(pose).posed)?)?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(ExitCode::SUCCESS)
}

fn open_poses(path: &Path) -> anyhow::Result<Vec<NamedPose>> {
    let file = File::open(path).with_context(|| format!("cannot open the poses file {}", path.display()));
    let file = file.help("--poses takes a file of JSON lines; `bunraku-distill draw --help` shows one")?;
    let poses = read_poses(BufReader::new(file))
        .with_context(|| format!("cannot read the poses file {}", path.display()))
        .help("`bunraku-distill draw --help` shows what a line looks like")?;
    match poses.iter().find(|pose| [CHARACTER, FACE_MASK].contains(&pose.name.as_str())) {
        None => Ok(poses),
        Some(taken) => Err(anyhow::anyhow!("{}: {}.png is drawn anyway", path.display(), taken.name))
            .help("give the pose another name"),
    }
}

fn write(folder: &Path, name: &str, png: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(format!("{name}.png"));
    replace(&path, png)
        .with_context(|| format!("cannot write {}", path.display()))
        .help("check the folder and the disk's room")
}
