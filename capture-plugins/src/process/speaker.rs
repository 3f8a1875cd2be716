//! A program's lines, made into samples; the same for a child's output and for datagrams.

use crate::lines::{LineError, LineReport, parse_line};
use bunraku_core::{
    sample::FaceSample,
    source::{SampleSender, SourceState},
};
use std::{future::Future, time::Duration};
use tokio::time::{Instant, timeout};

/// A program that has said nothing for so long is stale.
const QUIET: Duration = Duration::from_secs(1);

/// A sample whose time is behind the last one's by no more than this many seconds came late; by more, the program's
/// clock began anew.
const LATE: f64 = 1.0;

/// What the program said last; one that never speaks of tracking sees a face, and to whom it goes.
pub(super) struct Speaker {
    sender: SampleSender,
    sample: FaceSample,
    started: Instant,
    is_live: bool,
    warned: bool,
}

impl Speaker {
    pub(super) fn new(sender: SampleSender) -> Self {
        let sample = FaceSample { tracked: true, ..FaceSample::default() };
        Self { sender, sample, started: Instant::now(), is_live: false, warned: false }
    }

    /// Takes a line; one that is no sample is counted, and the first is named in a warning.
    pub(super) fn take(&mut self, line: Result<&[u8], LineError>) {
        let mut sample = self.sample;
        match line.and_then(|line| parse_line(line, &mut sample)) {
            Ok(report) => self.say(sample, report),
            Err(error) => {
                self.sender.skip(1);
                if !self.warned {
                    self.warned = true;
                    tracing::warn!("process: lines that are no face sample are skipped, the first because: {error}");
                }
            }
        }
    }

    /// Publishes a sample unless it came late. Without a time of its own it has that of its arrival, and a program that
    /// does not speak of tracking sees a face.
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

    /// Waits for `next`, and says so if it takes so long that the program is stale.
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

    /// Whether samples have come since the last trouble.
    pub(super) fn is_live(&self) -> bool {
        self.is_live
    }

    /// Says how the program is doing; what it says next makes it live again.
    pub(super) fn report(&mut self, state: SourceState) {
        self.is_live = false;
        self.sender.report(state);
    }
}
