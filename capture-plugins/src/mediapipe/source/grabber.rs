//! The thread that takes frames: opens the input, paces it, and reopens it when it is lost.

use super::{
    super::{
        camera::CameraWish,
        frames::{FrameError, FrameSource, Input},
    },
    causes::with_causes,
    exchange::{CapturedFrame, Exchange, GrabberStatus},
};
use crate::backoff::Backoff;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// Frames a second played from a folder.
const FOLDER_RATE: f64 = 30.0;

/// Beyond this delay, playback does not try to catch up.
const LATE: Duration = Duration::from_millis(500);

/// How many damaged frames in a row are skipped before the input counts as lost.
const DAMAGED: usize = 100;

/// What to take frames from, and how.
pub(super) struct Grabber {
    pub(super) input: Input,
    pub(super) wish: CameraWish,
    /// Frames a second of a folder or video; its own rate if unset.
    pub(super) fps: Option<f64>,
    /// Whether pictures or a video start again at the end.
    pub(super) again: bool,
    pub(super) frames: triple_buffer::Input<CapturedFrame>,
    pub(super) exchange: Exchange,
}

/// Why a session ended.
enum End {
    /// The source was stopped.
    Stopped,
    /// There are no more frames.
    Finished,
    /// The input failed, or could not be opened, for this reason.
    Lost(String),
}

/// When the frames of a folder or video are due; at once for a camera, which paces itself.
struct Schedule {
    period: Option<Duration>,
    due: Instant,
}

impl Grabber {
    /// Takes frames until stopped or finished, reopening an input that fails.
    pub(super) fn run(mut self) {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(5));
        for session in 1.. {
            let mut taken = 0;
            // A camera driver, or the crate that talks to it, may panic; the puppet must go on.
            let end = catch_unwind(AssertUnwindSafe(|| self.session(session, &mut taken)))
                .unwrap_or_else(|_| End::Lost(format!("{} failed: its driver crashed", self.input)));
            if taken > 0 {
                backoff.reset();
            }
            match end {
                End::Stopped => return,
                End::Finished if !self.again => return self.exchange.tell(GrabberStatus::Ended),
                End::Finished => {}
                End::Lost(why) => {
                    let wait = backoff.wait();
                    let seconds = wait.as_secs_f64();
                    self.exchange.tell(GrabberStatus::Failed(format!("{why}; trying again every {seconds} s")));
                    if self.exchange.sleep_until(Instant::now() + wait) {
                        return;
                    }
                }
            }
        }
    }

    /// Opens the input and takes its frames, counting them in `taken`, until it ends.
    fn session(&mut self, session: u32, taken: &mut u64) -> End {
        let mut source = match self.input.open(&self.wish) {
            Ok(source) => source,
            Err(error) => return End::Lost(with_causes(&error)),
        };
        // Do not report the next round of a loop.
        if session == 1 || !self.again {
            self.exchange.tell(GrabberStatus::Opened(source.describe()));
        }
        let mut schedule = Schedule::new(&self.input, self.fps.or(source.rate()));
        let mut damaged = 0;
        loop {
            if self.exchange.sleep_until(schedule.due) {
                return End::Stopped;
            }
            match self.take(&mut *source, session) {
                Ok(true) => (*taken, damaged) = (*taken + 1, 0),
                Ok(false) if *taken == 0 => return End::Lost(format!("{} contains no picture", self.input)),
                Ok(false) => return End::Finished,
                Err(error) if error.is_passing() && damaged < DAMAGED => {
                    tracing::debug!("{}", with_causes(&error));
                    damaged += 1;
                }
                Err(error) => return End::Lost(with_causes(&error)),
            }
            schedule.advance();
        }
    }

    /// Takes a frame; false if there are no more.
    fn take(&mut self, source: &mut dyn FrameSource, session: u32) -> Result<bool, FrameError> {
        let captured = self.frames.input_buffer_mut();
        let Some(info) = source.next(&mut captured.frame)? else { return Ok(false) };
        (captured.at, captured.session) = (info.captured, session);
        self.frames.publish();
        self.exchange.notify_frame();
        Ok(true)
    }
}

impl Schedule {
    fn new(input: &Input, rate: Option<f64>) -> Self {
        let period = match input {
            Input::Camera(_) => None,
            Input::File(_) => Some(Duration::from_secs_f64(1.0 / rate.unwrap_or(FOLDER_RATE).clamp(0.01, 1000.0))),
        };
        Self { period, due: Instant::now() }
    }

    fn advance(&mut self) {
        let now = Instant::now();
        self.due = self.period.map_or(now, |period| self.due + period);
        if now > self.due + LATE {
            self.due = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::exchange::Event, *};
    use std::{fs, path::Path};

    /// Writes a video of two grey frames at 100 a second.
    fn write_video(path: &Path) {
        let frame = "FRAME\n~~~~";
        fs::write(path, format!("YUV4MPEG2 W2 H2 F100:1 Cmono\n{frame}{frame}")).expect("written");
    }

    fn grab(path: &Path, again: bool) -> (Exchange, triple_buffer::Output<CapturedFrame>, std::thread::JoinHandle<()>) {
        let (exchange, (frames, output)) = (Exchange::default(), Exchange::frames());
        let (input, wish) = (Input::File(path.to_owned()), CameraWish::default());
        let grabber = Grabber { input, wish, fps: None, again, frames, exchange: exchange.clone() };
        (exchange, output, std::thread::spawn(move || grabber.run()))
    }

    /// The next status of that kind, skipping frames.
    fn next_status(exchange: &Exchange, wanted: impl Fn(&GrabberStatus) -> bool) -> GrabberStatus {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            assert!(Instant::now() < deadline, "timed out");
            match exchange.next(Duration::from_secs(1)) {
                Event::Grabber(status) if wanted(&status) => return status,
                _ => {}
            }
        }
    }

    #[test]
    fn a_video_plays_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clip.y4m");
        write_video(&path);
        let (exchange, mut output, thread) = grab(&path, false);
        assert_eq!(next_status(&exchange, |status| *status == GrabberStatus::Ended), GrabberStatus::Ended);
        let last = output.read();
        assert_eq!((last.session, last.frame.width, last.frame.name.as_str()), (1, 2, "1"));
        thread.join().expect("it ends by itself");
    }

    #[test]
    fn an_input_that_vanishes_is_reopened_when_it_returns() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clip.y4m");
        write_video(&path);
        let (exchange, _output, thread) = grab(&path, true);
        next_status(&exchange, |status| matches!(status, GrabberStatus::Opened(_)));
        fs::remove_file(&path).expect("removed");
        let GrabberStatus::Failed(why) = next_status(&exchange, |status| matches!(status, GrabberStatus::Failed(_)))
        else {
            unreachable!()
        };
        assert!(why.contains("clip.y4m") && why.contains("trying again"), "{why}");
        write_video(&path);
        let until = Instant::now() + Duration::from_mins(1);
        while exchange.next(Duration::from_secs(1)) != Event::Frame {
            assert!(Instant::now() < until, "it did not come back");
        }
        exchange.stop();
        thread.join().expect("it ends when stopped");
    }
}
