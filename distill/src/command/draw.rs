//! `bunraku-distill draw`: renders layered art as pictures, without training.

use super::{help::Help as _, signals::stop_on_signal};
use anyhow::Context as _;
use bunraku_cli::progress::bar;
use bunraku_core::files::replace;
use bunraku_core::poses::{NamedPose, read_poses};
use bunraku_distill::teacher::rig::{Rig, png};
use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::Ordering,
};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku-distill draw data/characters/kohaku/art.svg --out pictures
  bunraku-distill draw my_art.svg --out pictures --poses poses.jsonl

A line of the poses file has 45 numbers, or the non-zero ones by name:
  {\"name\": \"wink\", \"pose\": {\"eye_wink_left\": 1, \"head_x\": 0.4}}";

/// The resting picture's file name.
const CHARACTER: &str = "character";

/// The face mask's file name.
const FACE_MASK: &str = "face_mask";

/// Draw layered art: the resting picture, the face mask and any poses
///
/// Writes DIR/character.png and DIR/face_mask.png, as `train` draws them for a configuration that names no files, and
/// DIR/NAME.png for each pose. Values out of range are clamped.
#[derive(clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Args {
    /// The layered art; distill/src/teacher/rig/README.md explains the layers
    art: PathBuf,
    /// The output folder, created if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A file of poses, one JSON object a line
    #[arg(long, value_name = "FILE")]
    poses: Option<PathBuf>,
}

/// Draws everything.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let poses = args.poses.as_deref().map(open_poses).transpose()?.unwrap_or_default();
    let rig = Rig::open(&args.art).help("distill/src/teacher/rig/README.md explains how to layer art")?;
    let stop = stop_on_signal()?;
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot create the folder {}", args.out.display()))
        .help("pass a writable folder as --out")?;
    let portrait = rig.portrait()?;
    write(&args.out, CHARACTER, &portrait.picture)?;
    write(&args.out, FACE_MASK, &portrait.mask)?;
    let progress = bar(poses.len(), "drawing");
    for (done, NamedPose { name, pose }) in poses.iter().enumerate() {
        anyhow::ensure!(!stop.load(Ordering::Relaxed), "stopped after {done} of {} poses", poses.len());
        write(&args.out, name, &png(&rig.pose(pose).posed)?)?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(ExitCode::SUCCESS)
}

fn open_poses(path: &Path) -> anyhow::Result<Vec<NamedPose>> {
    let file = File::open(path).with_context(|| format!("cannot open the poses file {}", path.display()));
    let file = file.help("pass a file of JSON lines as --poses; `bunraku-distill draw --help` shows one")?;
    let poses = read_poses(BufReader::new(file))
        .with_context(|| format!("cannot read the poses file {}", path.display()))
        .help("`bunraku-distill draw --help` shows an example line")?;
    match poses.iter().find(|pose| [CHARACTER, FACE_MASK].contains(&pose.name.as_str())) {
        None => Ok(poses),
        Some(taken) => {
            Err(anyhow::anyhow!("{}: a pose cannot be named {}: that file is taken", path.display(), taken.name))
                .help("rename the pose")
        }
    }
}

fn write(folder: &Path, name: &str, png: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(format!("{name}.png"));
    replace(&path, png)
        .with_context(|| format!("cannot write {}", path.display()))
        .help("check the folder's permissions and the free disk space")
}
