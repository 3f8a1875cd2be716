//! `bunraku bench`: measures drawing, compared with the machine's peak and with a peer.

use super::{
    help::{Help as _, NO_ENGINE, say},
    options::DrawOptions,
};
use anyhow::Context as _;
use bunraku::character::CharacterChoice;
use bunraku_cli::{print_json, progress, stop_on_signal};
use bunraku_engine::{
    Character, Description,
    measure::{Times, peak_gflops},
    native,
};
use serde::{Deserialize, Serialize};
use std::process::{Command, ExitCode, Stdio};

/// Shown under `--help`.
pub(crate) const EXAMPLE: &str = "\
Examples:
  bunraku bench --engine cpu --threads 2
  bunraku bench --character my_character --beside torch_student.sh --json";

/// Measure how fast a character is drawn
///
/// All 45 pose parameters change every frame, nothing is reused, and a frame ends when the processor can read it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The character model: its folder or its character_model.yaml; or bundled-lite
    #[arg(long, value_name = "PATH", default_value = "bundled")]
    character: CharacterChoice,
    #[command(flatten)]
    draw: DrawOptions,
    /// Frames to measure, after a warm-up
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    frames: u32,
    /// A peer's command, split at spaces; it runs first and prints lines of JSON with `median_ms`
    #[arg(long, value_name = "COMMAND")]
    beside: Option<String>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    engine: &'static str,
    adapter: String,
    precision: &'static str,
    size: usize,
    quality: String,
    threads: usize,
    frames: usize,
    median_ms: f64,
    p99_ms: f64,
    /// The passes alone, by timestamps; only on a GPU that has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_ms: Option<f64>,
    gflop: f64,
    gflops: f64,
    peak_gflops: f64,
    of_peak: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Ratio>,
}

/// How many times as long a peer's frame takes as ours.
#[derive(Debug, Serialize)]
struct Ratio {
    peer: String,
    median_ms: f64,
    times_ours: f64,
}

#[derive(Deserialize)]
struct PeerLine {
    engine: String,
    #[serde(default)]
    variant: String,
    median_ms: f64,
}

/// Measures and prints.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let character = super::character::open(&args.character)?;
    let peers = args.beside.as_deref().map_or_else(|| Ok(Vec::new()), run_peer)?;
    let report = measure(args, &character, peers)?;
    print(&report);
    if args.json {
        print_json(&report)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(args: &Args, character: &Character, peers: Vec<PeerLine>) -> anyhow::Result<Report> {
    let stop = stop_on_signal()?;
    let mut avatar = native::open(character, &args.draw.open_options()).help(NO_ENGINE)?;
    let progress = progress::bar(args.frames as usize, "measuring");
    let times = Times::measure(&mut *avatar, args.frames as usize, || {
        progress.inc(1);
        !stop.is_cancelled()
    })?;
    progress.finish_and_clear();
    let description = avatar.describe();
    let peak = peak_gflops(&description).help(NO_ENGINE)?;
    let Description { engine, adapter, precision, threads } = description;
    let gflop = 2e-9 * avatar.multiply_adds() as f64;
    let median = times.median();
    let ratio = |peer: PeerLine| Ratio {
        peer: format!("{} {}", peer.engine, peer.variant).trim_end().to_owned(),
        median_ms: peer.median_ms,
        times_ours: peer.median_ms / median,
    };
    Ok(Report {
        engine,
        adapter,
        precision,
        size: avatar.view().size,
        quality: avatar.view().quality.to_string(),
        threads,
        frames: times.frames(),
        median_ms: median,
        p99_ms: times.p99(),
        gpu_ms: times.gpu_median(),
        gflop,
        gflops: gflop / median * 1e3,
        peak_gflops: peak,
        of_peak: gflop / median * 1e3 / peak,
        beside: peers.into_iter().map(ratio).collect(),
    })
}

/// What to do if the peer fails.
const PEER: &str = "--beside takes a command, such as: --beside \"python3 student.py\"; try it by itself first";

/// Runs the peer to its end and reads how long its frames took.
fn run_peer(command: &str) -> anyhow::Result<Vec<PeerLine>> {
    let mut words = command.split_whitespace();
    let program = words.next().context("--beside has no command").help(PEER)?;
    let output = Command::new(program).args(words).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run the peer `{program}`")).help(PEER)?;
    if !output.status.success() {
        return Err(anyhow::anyhow!("the peer `{program}` ended with {}", output.status)).help(PEER);
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let peers: Vec<PeerLine> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if peers.is_empty() {
        return Err(anyhow::anyhow!("the peer `{program}` printed no times"))
            .help("it must print lines of JSON such as {\"engine\": \"torch\", \"median_ms\": 575.0}");
    }
    Ok(peers)
}

fn print(report: &Report) {
    let Report { engine, adapter, precision, size, quality, threads, .. } = report;
    say(format_args!("{engine} engine, {adapter}, {precision}, {threads} threads, {size} x {size}, {quality} quality"));
    say(format_args!(
        "a frame: median {:.1} ms, p99 {:.1} ms over {} frames",
        report.median_ms, report.p99_ms, report.frames
    ));
    if let Some(gpu) = report.gpu_ms {
        say(format_args!("of it the GPU's passes: median {gpu:.2} ms"));
    }
    say(format_args!(
        "the floor: {:.1} GFLOP at the {:.0} GFLOP/s that this machine's multiply-adds reach; {:.0} % of it",
        report.gflop,
        report.peak_gflops,
        100.0 * report.of_peak
    ));
    for Ratio { peer, median_ms, times_ours } in &report.beside {
        say(format_args!("beside {peer}: {median_ms:.1} ms, {times_ours:.2} x as long"));
    }
}
