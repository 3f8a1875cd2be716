//! `bunraku render`: draws poses as pictures.

use super::{
    character,
    help::{Help as _, NO_ENGINE},
    options::DrawOptions,
};
use anyhow::Context as _;
use bunraku::{
    character::CharacterChoice,
    formats::{encode_npy, encode_png},
};
use bunraku_cli::{progress, stop_on_signal};
use bunraku_core::poses::{NamedPose, read_poses};
use bunraku_core::{color, files};
use bunraku_engine::{
    Avatar, FramePool,
    native::{self, Reader},
};
use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Shown under `--help`.
pub(crate) const EXAMPLE: &str = "\
Examples:
  bunraku render --poses poses.jsonl --out pictures
  bunraku render --character my_character --poses poses.jsonl --out pictures --size 256

A line of the poses file holds 45 numbers, or those that are not 0 by name. Without a name, the line number names the
picture, so you can draw the output of `bunraku convert` as it is:
  {\"name\": \"wink\", \"pose\": {\"eye_wink_left\": 1, \"head_x\": 0.4}}";

/// Draw each pose of a file as a picture
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The character model: its folder or its character_model.yaml; or bundled-lite
    #[arg(long, value_name = "PATH", default_value = "bundled")]
    character: CharacterChoice,
    /// JSON Lines, one pose a line
    #[arg(long, value_name = "FILE")]
    poses: PathBuf,
    /// The folder for the pictures; created if absent
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The file format
    #[arg(long, default_value = "png")]
    format: Format,
    #[command(flatten)]
    draw: DrawOptions,
}

/// What `render` writes for a pose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// 8-bit sRGB with straight alpha
    Png,
    /// The student's own output: float32 [4, N, N], linear, premultiplied, in [-1, 1], not clipped
    Npy,
}

/// Draws all poses.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // First, with Ctrl-C as it was: a pipe may keep the reading waiting.
    let poses = open_poses(&args.poses)?;
    let stop = stop_on_signal()?;
    let character = character::open(&args.character)?;
    let mut avatar = native::open(&character, &args.draw.open_options()).help(NO_ENGINE)?;
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot create the folder {}", args.out.display()))
        .help("--out takes a writable folder")?;
    let progress = progress::bar(poses.len(), "drawing");
    let mut writer = PictureWriter::default();
    for (done, named) in poses.iter().enumerate() {
        anyhow::ensure!(!stop.is_cancelled(), "stopped: {done} of {} pictures were written", poses.len());
        writer.draw(&mut *avatar, named, args)?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(ExitCode::SUCCESS)
}

fn open_poses(path: &Path) -> anyhow::Result<Vec<NamedPose>> {
    let file = File::open(path).with_context(|| format!("cannot open the poses file {}", path.display()));
    let file = file.help("--poses takes a file of JSON lines; `bunraku render --help` shows one")?;
    read_poses(BufReader::new(file))
        .with_context(|| format!("cannot read the poses file {}", path.display()))
        .help("`bunraku render --help` shows what a line looks like")
}

#[derive(Default)]
struct PictureWriter {
    pool: FramePool,
    reader: Reader,
    pixels: Vec<u8>,
    file: Vec<u8>,
}

impl PictureWriter {
    fn draw(&mut self, avatar: &mut dyn Avatar, named: &NamedPose, args: &Args) -> anyhow::Result<()> {
        anyhow::ensure!(avatar.set_pose(&named.pose), "this character takes no poses");
        let frame = self.reader.read(&avatar.draw(&mut self.pool)?)?;
        let size = frame.size;
        let extension = match args.format {
            Format::Npy => {
                encode_npy(&[4, size, size], &frame.planes, &mut self.file);
                "npy"
            }
            Format::Png => {
                self.pixels.resize(4 * size * size, 0);
                color::encode_straight(&frame.planes, &mut self.pixels);
                encode_png(size, &self.pixels, &mut self.file)?;
                "png"
            }
        };
        let path = args.out.join(format!("{}.{extension}", named.name));
        files::replace(&path, &self.file)
            .with_context(|| format!("cannot write {}", path.display()))
            .help("check the folder and the free space")
    }
}
