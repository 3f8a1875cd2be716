//! Turns a program's lines into samples, for standard output and datagrams alike.

use crate::lines::{LineError, LineReport, parse_line};
use bunraku_core::{
    sample::FaceSample,
    source::{SampleSender, SourceState},
};
use std::{future::Future, time::Duration};
use tokio::time::{Instant, timeout};

/// How long a program may be silent before it counts as stale.
const QUIET: Duration = Duration::from_secs(1);

/// A sample up to this many seconds older than the previous one arrived late and is dropped; one older still means that
/// the program's clock restarted.
const LATE: f64 = 1.0;

/// The state of one program's stream of samples.
pub(super) struct Speaker {
    sender: SampleSender,
    sample: FaceSample,
    started: Instant,
    is_live: bool,
    warned: bool,
}

impl Speaker {
    pub(super) fn new(sender: SampleSender) -> Self {
        // A program that never sends `tracked` always sees a face.
        let sample = FaceSample { tracked: true, ..FaceSample::default() };
        Self { sender, sample, started: Instant::now(), is_live: false, warned: false }
    }

    /// Takes a line. Lines that are not samples are counted, and the first causes a warning.
    pub(super) fn take(&mut self, line: Result<&[u8], LineError>) {
        let mut sample = self.sample;
        match line.and_then(|line| parse_line(line, &mut sample)) {
            Ok(report) => self.say(sample, report),
            Err(error) => {
                self.sender.skip(1);
                if !self.warned {
                    self.warned = true;
                    tracing::warn!("process: skipping lines that are not face samples; the first: {error}");
                }
            }
        }
    }

    /// Publishes a sample unless it arrived late. A sample without a time gets its time of arrival.
    fn say(&mut self, mut sample: FaceSample, report: LineReport) {
        self.sender.skip(report.skipped);
        let behind = self.sample.time - sample.time;
        if !report.timed {
            sample.time = self.started.elapsed().as_secs_f64();
        } else if self.is_live && behind > 0.0 && behind <= LATE {
            self.sender.skip(1);
            return;
        }
        self.sample = sample;
        self.sender.publish(sample);
        if !self.is_live {
            self.is_live = true;
            self.sender.report(SourceState::Live);
        }
    }

    /// Waits for `next`, reporting the program as stale if it takes too long.
    pub(super) async fn listen<T>(&mut self, next: impl Future<Output = T>) -> T {
        let mut next = std::pin::pin!(next);
        if let Ok(arrived) = timeout(QUIET, &mut next).await {
            return arrived;
        }
        if self.is_live {
            self.report(SourceState::Stale);
        }
        next.await
    }

    /// Whether samples have arrived since the last problem.
    pub(super) fn is_live(&self) -> bool {
        self.is_live
    }

    /// Reports a problem or a change; the next sample makes the source live again.
    pub(super) fn report(&mut self, state: SourceState) {
        self.is_live = false;
        self.sender.report(state);
    }
}
