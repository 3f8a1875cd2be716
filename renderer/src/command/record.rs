//! `bunraku record`: writes a source's samples to a file.

use super::help::{Help as _, Helped, NO_SOURCE, say, stdout};
use anyhow::Context as _;
use bunraku_capture::{
    SourceSpec, Surroundings, open,
    recording::{RecordError, Recorder},
};
use bunraku_cli::{progress, stop_on_signal};
use bunraku_core::source::{CancellationToken, CaptureSource, SampleReceiver, SourceState, slot};
use indicatif::ProgressBar;
use std::{io::Write as _, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// Shown under `--help`.
const EXAMPLE: &str = "\
Examples:
  bunraku record --source ifacialmocap:host=192.168.0.7 --out take.jsonl.gz
  bunraku record --source idle --seconds 10 --out idle.jsonl
  bunraku --source replay:file=take.jsonl.gz";

/// Record what a capture source sees; it plays back with `--source replay:file=FILE`
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The capture source, NAME[:KEY=VALUE,…] (see `bunraku sources`)
    #[arg(long, value_name = "SPEC")]
    source: SourceSpec,
    /// The recording: JSON Lines, compressed if the name ends in .gz
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Stop after N seconds [default: at Ctrl-C, or when the source ends]
    #[arg(long, value_name = "N", value_parser = parse_seconds)]
    seconds: Option<Duration>,
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|time| !time.is_zero()).ok_or_else(|| "expected a number of seconds above 0".to_owned())
}

/// Records until a signal, the time or the end of the source, then gives the recording its name.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let stop = stop_on_signal()?;
    let source = open(&args.source, &Surroundings::default()).help(NO_SOURCE)?;
    let recorder = Recorder::create(&args.out).map_err(way_out)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let (recorder, state) = runtime.block_on(record(source, recorder, args.seconds, &stop))?;
    // Does not wait for a name that is still being looked up.
    runtime.shutdown_background();
    if recorder.count() == 0 {
        recorder.discard()?;
        return Err(anyhow::anyhow!("nothing was recorded: the source {} is {state}", args.source.name))
            .help("`bunraku sources` shows what it needs");
    }
    let count = recorder.finish()?;
    let out = args.out.display();
    writeln!(stdout(), "{out}: {count} samples; play it with: bunraku --source \"replay:file={out}\"")
        .context("cannot print where the recording is")?;
    Ok(ExitCode::SUCCESS)
}

/// What to do if the recording cannot start.
fn way_out(error: RecordError) -> anyhow::Error {
    let help = match &error {
        RecordError::PartExists(part) => {
            format!("if no recording is going on, remove {}, or rename it to keep it", part.display())
        }
        _ => "--out takes a new file in a writable folder".to_owned(),
    };
    Helped::new(error, help).into()
}

/// Writes each newest sample until `stop`, the end of the source, or of the time.
async fn record(
    source: Box<dyn CaptureSource>,
    mut recorder: Recorder,
    seconds: Option<Duration>,
    stop: &CancellationToken,
) -> anyhow::Result<(Recorder, SourceState)> {
    let woken = Arc::new(Notify::new());
    let waker = Arc::clone(&woken);
    let (sender, mut receiver) = slot(Arc::new(move || waker.notify_one()));
    let source_stop = stop.child_token();
    let mut running = tokio::spawn(source.run(sender, source_stop.clone()));
    let deadline = seconds.and_then(|seconds| Instant::now().checked_add(seconds));
    let mut progress = Progress::new();
    let mut written = 0;
    loop {
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => true,
            () = at(deadline) => true,
            () = woken.notified() => false,
            _ = &mut running => true,
        };
        if let Some((sequence, sample)) = receiver.latest().filter(|(sequence, _)| *sequence != written) {
            written = sequence;
            recorder.write(&sample)?;
        }
        progress.show(&receiver, recorder.count());
        if ended {
            break;
        }
    }
    let state = receiver.state();
    source_stop.cancel();
    if !running.is_finished() {
        running.await.context("the source failed")?;
    }
    progress.bar.finish_and_clear();
    Ok((recorder, state))
}

/// The deadline, if there is one.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// The progress shown while recording.
struct Progress {
    bar: ProgressBar,
    state: SourceState,
}

impl Progress {
    fn new() -> Self {
        let bar = ProgressBar::new_spinner().with_style(progress::style("{spinner} {elapsed} {msg}"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, state: SourceState::Idle }
    }

    fn show(&mut self, receiver: &SampleReceiver, count: u64) {
        let state = receiver.state();
        if state != self.state {
            self.bar.suspend(|| say(&state));
            self.state = state;
        }
        self.bar.set_message(format!("{count} samples; Ctrl-C ends the recording"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_capture::recording::RecordingReader;

    #[tokio::test(start_paused = true)]
    async fn a_recording_ends_with_its_time_and_holds_what_was_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("idle.jsonl");
        let source = open(&"idle:rate=50".parse().expect("a source"), &Surroundings::default()).expect("it opens");
        let recorder = Recorder::create(&path).expect("a new file");
        let seconds = parse_seconds("2").ok();
        let (recorder, state) = record(source, recorder, seconds, &CancellationToken::new()).await.expect("it records");
        assert_eq!(state, SourceState::Live);
        let count = recorder.finish().expect("it is renamed");
        assert!((100..=101).contains(&count), "{count} samples in two seconds at 50 a second");
        let last = RecordingReader::open(&path).expect("it opens").last().expect("samples").expect("it reads");
        assert!((last.time - 2.0).abs() < 0.03, "the last is of {}", last.time);
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_keeps_the_recording() {
        let folder = tempfile::tempdir().expect("a folder");
        let source = open(&"idle".parse().expect("a source"), &Surroundings::default()).expect("it opens");
        let recorder = Recorder::create(&folder.path().join("idle.jsonl")).expect("a new file");
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stopping.cancel();
        });
        let (recorder, _) = record(source, recorder, None, &stop).await.expect("it records");
        assert!(recorder.count() > 50);
        recorder.finish().expect("it is renamed");
    }

    #[test]
    fn invalid_durations_are_refused() {
        for text in ["0", "-1", "nan", "soon", "1e300"] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }
}
