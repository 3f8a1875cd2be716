//! Plays a recording's samples at the times they are due.

use super::ReplaySettings;
use crate::recording::RecordingReader;
use bunraku_core::{
    sample::FaceSample,
    source::{SampleSender, SourceState},
};
use std::{io, path::PathBuf, time::Duration};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep_until},
};

/// How many samples are read ahead, on another thread than the one that paces them.
const BATCH: usize = 64;

/// A step in the recording's times that goes backwards, or is longer than this many seconds, is a clock restarting.
const LONGEST_STEP: f64 = 3600.0;

/// Seconds between samples where a loop or the recording's clock restarts.
const SEAM: f64 = 1.0 / 60.0;

/// Plays the recording once or in a loop, and reports the source's state.
pub(super) async fn play(settings: &ReplaySettings, mut sender: SampleSender) {
    let mut clock = Clock::new(settings.speed.0);
    loop {
        let before = clock.played;
        let failed = |error: io::Error| {
            SourceState::Failed(format!("cannot read the recording {}: {error}", settings.file.display()))
        };
        if let Err(error) = play_once(settings.file.clone(), &mut clock, &mut sender).await {
            return sender.report(failed(error));
        }
        if clock.played == before {
            return sender.report(failed(io::Error::other("no line of it is a face sample")));
        }
        if !settings.again {
            return sender.report(SourceState::Idle);
        }
        clock.last = None;
    }
}

async fn play_once(file: PathBuf, clock: &mut Clock, sender: &mut SampleSender) -> io::Result<()> {
    let mut next = spawn_blocking(move || RecordingReader::open(&file).and_then(Batch::read));
    loop {
        let Batch { reader, samples, skipped } = finished(next).await?;
        sender.skip(skipped);
        if samples.is_empty() {
            return Ok(());
        }
        next = spawn_blocking(move || Batch::read(reader));
        for mut sample in samples {
            sleep_until(clock.due(sample.time)).await;
            if clock.played == 0 {
                sender.report(SourceState::Live);
            }
            clock.played += 1;
            sample.time = clock.seconds;
            sender.publish(sample);
        }
    }
}

async fn finished(task: JoinHandle<io::Result<Batch>>) -> io::Result<Batch> {
    task.await.map_err(io::Error::other)?
}

/// Samples read ahead, and the reader for those that follow.
struct Batch {
    reader: RecordingReader,
    samples: Vec<FaceSample>,
    skipped: usize,
}

impl Batch {
    fn read(mut reader: RecordingReader) -> io::Result<Self> {
        let before = reader.skipped();
        let samples = reader.by_ref().take(BATCH).collect::<io::Result<_>>()?;
        Ok(Self { skipped: reader.skipped() - before, reader, samples })
    }
}

/// Schedules samples by the recording's own times.
struct Clock {
    started: Instant,
    speed: f64,
    /// Seconds played, counted across loops.
    seconds: f64,
    /// The recorded time of the previous sample.
    last: Option<f64>,
    played: u64,
}

impl Clock {
    fn new(speed: f64) -> Self {
        Self { started: Instant::now(), speed, seconds: 0.0, last: None, played: 0 }
    }

    /// When the sample recorded at `time` is due.
    fn due(&mut self, time: f64) -> Instant {
        let step = match self.last {
            Some(last) if (0.0..=LONGEST_STEP).contains(&(time - last)) => time - last,
            None if self.played == 0 => 0.0,
            _ => SEAM,
        };
        self.last = Some(time);
        self.seconds += step / self.speed;
        // If the delay exceeds what the clock can count (a speed of 1e-300), wait as long as possible.
        let wait = Duration::try_from_secs_f64(self.seconds).unwrap_or(Duration::MAX);
        self.started.checked_add(wait).unwrap_or_else(|| Instant::now() + Duration::from_secs(u64::from(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestSource;
    use bunraku_core::source::SourceState;
    use std::path::PathBuf;
    use tempfile::TempDir;
    use tokio::time::Instant;

    /// A recording of `times`, in a folder that lasts as long as the test.
    fn recording(times: &[f64]) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("take.jsonl");
        let lines: Vec<String> = times
            .iter()
            .map(|time| format!("{{\"time\": {time:?}, \"blendshapes\": {{\"jawOpen\": {:?}}}}}\n", time / 1e6))
            .collect();
        std::fs::write(&path, lines.concat()).expect("written");
        (folder, path)
    }

    fn seconds(from: Instant) -> f64 {
        from.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn a_recording_plays_at_its_own_speed_and_ends() {
        let times: Vec<f64> = (0..300).map(|index| 100.0 + f64::from(index) / 30.0).collect();
        let (_folder, path) = recording(&times);
        let begun = Instant::now();
        let mut source = TestSource::start(&format!("replay:file={}", path.display()));
        let sample = source.until_sample("the sixth second", |sample| sample.time >= 5.0).await;
        assert!((seconds(begun) - sample.time).abs() < 0.01, "{} after {}", sample.time, seconds(begun));
        source.until_end().await;
        assert!((seconds(begun) - 299.0 / 30.0).abs() < 0.01, "it took {}", seconds(begun));
        assert_eq!(source.receiver.state(), SourceState::Idle);
        assert_eq!(source.receiver.latest().map(|(sequence, _)| sequence), Some(300));
    }

    #[tokio::test(start_paused = true)]
    async fn looped_playback_keeps_its_speed_and_time_runs_on() {
        let (_folder, path) = recording(&[0.0, 1.0, 2.0]);
        let begun = Instant::now();
        let mut source = TestSource::start(&format!("replay:file={},speed=4,loop=true", path.display()));
        let sample = source.until_sample("the third time round", |sample| sample.time > 1.5).await;
        assert!((seconds(begun) - sample.time).abs() < 0.01);
        source.stop().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_jump_in_the_recorded_times_does_not_stall_playback() {
        let (_folder, path) = recording(&[5.0, 6.0, 0.0, 1.0, 1e300, 1e300, -1e300]);
        let begun = Instant::now();
        let mut source = TestSource::start(&format!("replay:file={}", path.display()));
        source.until_end().await;
        assert!(seconds(begun) < 2.1, "it took {}", seconds(begun));
        assert_eq!(source.receiver.latest().map(|(sequence, _)| sequence), Some(7));
    }

    #[tokio::test]
    async fn a_file_without_samples_is_reported() {
        let (_folder, path) = recording(&[]);
        std::fs::write(&path, "nonsense\n").expect("written");
        let mut source = TestSource::start(&format!("replay:file={},loop=true", path.display()));
        source.until_end().await;
        let state = source.receiver.state().to_string();
        assert!(state.contains("take.jsonl") && state.contains("no line"), "{state}");
        assert_eq!(source.receiver.skipped(), 1);
    }

    #[test]
    fn a_missing_file_and_an_invalid_speed_are_refused_on_opening() {
        let (folder, path) = recording(&[0.0]);
        for (spec, word) in [
            ("replay:file=/nowhere/take.jsonl".to_owned(), "/nowhere/take.jsonl"),
            (format!("replay:file={}", folder.path().display()), "folder"),
            (format!("replay:file={},speed=0", path.display()), "speed"),
            ("replay".to_owned(), "file"),
        ] {
            let spec = spec.parse().expect("well formed");
            let error = crate::open(&spec, &crate::Surroundings::default()).err().expect("refused").to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
