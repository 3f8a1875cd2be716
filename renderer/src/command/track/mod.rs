//! `bunraku track`: finds faces in pictures.

mod line;
mod timings;

use super::help::{Help as _, Helped, say, stdout};
use anyhow::Context as _;
use bunraku_capture::mediapipe::{
    FaceTracker, Mode, RuntimeChoice, TrackerOptions,
    camera::CameraWish,
    frames::{FrameError, FrameInfo, FrameSource, Input, RgbFrame},
    models::{self, TrackingModels},
};
use bunraku_cli::stop_on_signal;
use indicatif::ProgressBar;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};
use timings::Tally;

/// Shown under `--help`.
const EXAMPLE: &str = "\
Each picture gives a line: {\"frame\": name, \"time_ms\": t, \"faces\": [{\"landmarks\": [[x, y, z] × 478],
\"blendshapes\": [52], \"matrix\": [16, row-major]}]}; no face, no entry.

Examples:
  bunraku track --input pictures --mode image > faces.jsonl
  bunraku track --input clip.mp4 --fps 30 > faces.jsonl
  bunraku track --input camera:0 --timings > faces.jsonl";

/// Track faces in pictures, a video or a camera: landmarks, expression and head pose
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// A folder of pictures (in the natural order of their names), a video, or camera[:N]
    #[arg(long, value_name = "DIR|VIDEO|camera[:N]")]
    input: String,
    /// Whether the pictures are a sequence
    #[arg(long, default_value = "video")]
    mode: ModeChoice,
    /// Pictures a second, which gives each its time; a camera has its own clock
    #[arg(long, value_name = "N", default_value = "30", value_parser = parse_rate)]
    fps: f64,
    /// The most faces to find, up to 64; with more than one, nothing is smoothed
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(1..=64))]
    faces: u8,
    /// The networks' runtime; auto takes ONNX Runtime if it is installed, else the built-in one
    #[arg(long, default_value = "auto")]
    runtime: RuntimeArg,
    /// Threads for the largest network, up to 8: more than two gain nothing on networks of this size
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(1..=8))]
    threads: u8,
    /// The tracking models: their folder, or the official face_landmarker.task [default: the installed ones]
    #[arg(long, value_name = "PATH")]
    models: Option<PathBuf>,
    /// Print the time of each part of the work to standard error
    #[arg(long)]
    timings: bool,
}

/// Whether the pictures are a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ModeChoice {
    /// Each by itself
    Image,
    /// A sequence: faces are followed, and a single one is smoothed
    Video,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RuntimeArg {
    Auto,
    Ort,
    Rten,
}

impl From<RuntimeArg> for RuntimeChoice {
    fn from(runtime: RuntimeArg) -> Self {
        match runtime {
            RuntimeArg::Auto => Self::Auto,
            RuntimeArg::Ort => Self::Ort,
            RuntimeArg::Rten => Self::Rten,
        }
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "expected a number of pictures a second above 0".to_owned())
}

/// Prints a line for every picture.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let stop = stop_on_signal()?;
    let input = Input::parse(&args.input);
    let live = matches!(input, Input::Camera(_));
    let source = input.open(&CameraWish::default()).map_err(|error| unreadable(error, &args.input))?;
    let mut tracker = open_tracker(args)?;
    let mut tally = Tally::default();
    let progress = ProgressBar::new_spinner();
    let mut pictures = Pictures { source, live, rate: args.fps, first: None, frame: RgbFrame::default() };
    let mut out = io::BufWriter::new(stdout());
    while !stop.is_cancelled()
        && let Some(time_ms) = pictures.next().map_err(|error| unreadable(error, &args.input))?
    {
        let frame = &pictures.frame;
        let picture = frame.view().with_context(|| format!("cannot track {}", frame.name))?;
        let faces = tracker.track(picture, time_ms).with_context(|| format!("cannot track {}", frame.name))?;
        line::write(&mut out, &frame.name, time_ms, faces).context("cannot print the faces")?;
        if live {
            out.flush().context("cannot print the faces")?;
        }
        tally.add(&tracker.timings());
        progress.inc(1);
    }
    out.flush().context("cannot print the faces")?;
    progress.finish_and_clear();
    if args.timings {
        say(tally.report(&tracker.runtime()));
    }
    Ok(ExitCode::SUCCESS)
}

fn open_tracker(args: &Args) -> anyhow::Result<FaceTracker> {
    let options = TrackerOptions {
        mode: if args.mode == ModeChoice::Image { Mode::Image } else { Mode::Video },
        faces: args.faces.into(),
        runtime: args.runtime.into(),
        threads: args.threads.into(),
        ..TrackerOptions::default()
    };
    FaceTracker::new(&load_models(args.models.as_deref())?, &options).help(
        "`bunraku models install` repairs the models; --runtime rten needs nothing else; `bunraku doctor` checks this \
         machine",
    )
}

/// The models in a folder or a bundle, or those that are installed.
fn load_models(path: Option<&Path>) -> anyhow::Result<TrackingModels> {
    const HELP: &str = "`bunraku models install` installs the models; --models takes their folder, or the official \
                        face_landmarker.task";
    if let Some(bundle) = path.filter(|path| path.is_file()) {
        return models::load_bundle(bundle).help(HELP);
    }
    let folder = path.map_or_else(models::folder, |path| Ok(path.to_owned()))?;
    models::load(&folder).help(HELP)
}

fn unreadable(error: FrameError, input: &str) -> anyhow::Error {
    let help =
        "--input takes a folder of PNG or JPEG pictures, a video, or camera:N; `bunraku doctor` names the cameras";
    Helped::new(anyhow::Error::new(error).context(format!("cannot track {input}")), help).into()
}

/// The pictures of an input, with their times.
struct Pictures {
    source: Box<dyn FrameSource>,
    live: bool,
    rate: f64,
    /// When a camera's first picture was taken.
    first: Option<Instant>,
    frame: RgbFrame,
}

impl Pictures {
    /// Reads the next picture and gives its time in milliseconds; none at the end. A camera's damaged pictures are
    /// skipped.
    fn next(&mut self) -> Result<Option<u64>, FrameError> {
        loop {
            match self.source.next(&mut self.frame) {
                Ok(info) => return Ok(info.map(|info| self.time_ms(info))),
                Err(error) if self.live && error.is_passing() => tracing::warn!("{error}"),
                Err(error) => return Err(error),
            }
        }
    }

    fn time_ms(&mut self, info: FrameInfo) -> u64 {
        if self.live {
            let first = *self.first.get_or_insert(info.captured);
            return info.captured.saturating_duration_since(first).as_millis() as u64;
        }
        (1000.0 * info.index as f64 / self.rate).floor() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Source(u64);

    impl FrameSource for Source {
        fn describe(&self) -> String {
            "a test".to_owned()
        }

        fn rate(&self) -> Option<f64> {
            None
        }

        fn next(&mut self, into: &mut RgbFrame) -> Result<Option<FrameInfo>, FrameError> {
            let index = self.0;
            self.0 += 1;
            match index {
                1 => Err(FrameError::Decode { name: "1".to_owned(), why: "torn".to_owned() }),
                0..4 => {
                    into.resize(1, 1);
                    Ok(Some(FrameInfo { index, captured: Instant::now() }))
                }
                _ => Ok(None),
            }
        }
    }

    fn pictures(live: bool, rate: f64) -> Pictures {
        Pictures { source: Box::new(Source(0)), live, rate, first: None, frame: RgbFrame::default() }
    }

    #[test]
    fn times_are_those_of_the_rate_and_a_damaged_picture_ends_the_run() {
        let mut pictures = pictures(false, 29.97);
        assert_eq!(pictures.next().expect("read"), Some(0));
        pictures.next().expect_err("damaged");
        assert_eq!(pictures.next().expect("read"), Some(66));
        assert_eq!(pictures.next().expect("read"), Some(100));
        assert_eq!(pictures.next().expect("the end"), None);
    }

    #[test]
    fn a_cameras_damaged_picture_is_passed_over_and_its_times_are_its_own() {
        let mut pictures = pictures(true, 30.0);
        assert_eq!(pictures.next().expect("read"), Some(0));
        assert!(pictures.next().expect("read").is_some_and(|time_ms| time_ms < 60_000));
        assert_eq!(pictures.source.next(&mut RgbFrame::default()).expect("read").map(|info| info.index), Some(3));
    }

    #[test]
    fn invalid_rates_are_refused() {
        assert_eq!(parse_rate("29.97"), Ok(29.97));
        for text in ["0", "-1", "nan", "inf", "fast"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }
}
