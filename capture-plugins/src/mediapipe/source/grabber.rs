//! The thread that takes pictures: opens their source, keeps their pace, and opens it again when it is lost.

use super::{
    super::{
        camera::CameraWish,
        frames::{FrameError, FrameSource, Input},
    },
    exchange::{Exchange, News, Seen},
};
use crate::backoff::Backoff;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// Pictures a second of a folder.
const FOLDER_RATE: f64 = 30.0;

/// Who is so far behind does not hurry to catch up.
const LATE: Duration = Duration::from_millis(500);

/// Damaged pictures in a row that are passed over.
const DAMAGED: usize = 100;

/// What is taken pictures of, and how.
pub(super) struct Grabber {
    pub(super) input: Input,
    pub(super) wish: CameraWish,
    /// Pictures a second of what has no pace of its own.
    pub(super) fps: Option<f64>,
    /// Whether pictures and videos begin again.
    pub(super) again: bool,
    pub(super) pictures: triple_buffer::Input<Seen>,
    pub(super) exchange: Exchange,
}

/// Why a session is over.
enum End {
    /// The person wants no more.
    Stopped,
    /// There are no more pictures.
    Over,
    /// None come any more, or never did.
    Lost(String),
}

/// When pictures of a file are due.
struct Pace {
    period: Option<Duration>,
    due: Instant,
}

impl Grabber {
    /// Takes pictures until the end. A camera that vanishes is waited for.
    pub(super) fn run(mut self) {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(5));
        for session in 1.. {
            let mut taken = 0;
            // A camera's driver or the crate that speaks to it may panic; the puppet goes on.
            let end = catch_unwind(AssertUnwindSafe(|| self.session(session, &mut taken)))
                .unwrap_or_else(|_| End::Lost(format!("{} broke off: its driver failed", self.input)));
            if taken > 0 {
                backoff.reset();
            }
            match end {
                End::Stopped => return,
                End::Over if !self.again => return self.exchange.tell(News::Over),
                End::Over => {}
                End::Lost(why) => {
                    let wait = backoff.wait();
                    let seconds = wait.as_secs_f64();
                    self.exchange.tell(News::Trouble(format!("{why}; tried again every {seconds} s")));
                    if self.exchange.sleep_until(Instant::now() + wait) {
                        return;
                    }
                }
            }
        }
    }

    /// Opens the source and takes its pictures, counting them, until it ends.
    fn session(&mut self, session: u32, taken: &mut u64) -> End {
        let mut source = match self.input.open(&self.wish) {
            Ok(source) => source,
            Err(error) => return End::Lost(words(&error)),
        };
        // A loop's next round is no news.
        if session == 1 || !self.again {
            self.exchange.tell(News::Opened(source.describe()));
        }
        let mut pace = Pace::of(&self.input, self.fps.or(source.rate()));
        let mut damaged = 0;
        loop {
            if self.exchange.sleep_until(pace.due) {
                return End::Stopped;
            }
            match self.take(&mut *source, session) {
                Ok(true) => (*taken, damaged) = (*taken + 1, 0),
                Ok(false) if *taken == 0 => return End::Lost(format!("{} holds no picture", self.input)),
                Ok(false) => return End::Over,
                Err(error) if error.is_passing() && damaged < DAMAGED => {
                    tracing::debug!("{}", words(&error));
                    damaged += 1;
                }
                Err(error) => return End::Lost(words(&error)),
            }
            pace.next();
        }
    }

    /// Takes a picture; false if there are no more.
    fn take(&mut self, source: &mut dyn FrameSource, session: u32) -> Result<bool, FrameError> {
        let seen = self.pictures.input_buffer_mut();
        let Some(info) = source.next(&mut seen.frame)? else { return Ok(false) };
        (seen.captured, seen.session) = (info.captured, session);
        self.pictures.publish();
        self.exchange.picture();
        Ok(true)
    }
}

impl Pace {
    fn of(input: &Input, rate: Option<f64>) -> Self {
        let period = match input {
            // It waits for its own pictures.
            Input::Camera(_) => None,
            Input::File(_) => Some(Duration::from_secs_f64(1.0 / rate.unwrap_or(FOLDER_RATE).clamp(0.01, 1000.0))),
        };
        Self { period, due: Instant::now() }
    }

    fn next(&mut self) {
        let now = Instant::now();
        self.due = self.period.map_or(now, |period| self.due + period);
        if now > self.due + LATE {
            self.due = now;
        }
    }
}

/// An error with what caused it, where its own words do not say that already.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::exchange::Event, *};
    use std::{fs, path::Path};

    /// A film of two grey pictures, a hundred a second.
    fn film(path: &Path) {
        let picture = "FRAME\n~~~~";
        fs::write(path, format!("YUV4MPEG2 W2 H2 F100:1 Cmono\n{picture}{picture}")).expect("written");
    }

    fn grab(path: &Path, again: bool) -> (Exchange, triple_buffer::Output<Seen>, std::thread::JoinHandle<()>) {
        let (exchange, (pictures, output)) = (Exchange::default(), Exchange::pictures());
        let (input, wish) = (Input::File(path.to_owned()), CameraWish::default());
        let grabber = Grabber { input, wish, fps: None, again, pictures, exchange: exchange.clone() };
        (exchange, output, std::thread::spawn(move || grabber.run()))
    }

    /// The next news of that kind, past any pictures.
    fn news(exchange: &Exchange, wanted: impl Fn(&News) -> bool) -> News {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            assert!(Instant::now() < deadline, "waited in vain");
            match exchange.next(Duration::from_secs(1)) {
                Event::News(news) if wanted(&news) => return news,
                _ => {}
            }
        }
    }

    #[test]
    fn a_film_is_shown_once_at_its_own_pace() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clip.y4m");
        film(&path);
        let (exchange, mut output, thread) = grab(&path, false);
        assert_eq!(news(&exchange, |news| *news == News::Over), News::Over);
        let seen = output.read();
        assert_eq!((seen.session, seen.frame.width, seen.frame.name.as_str()), (1, 2, "1"));
        thread.join().expect("it ends by itself");
    }

    #[test]
    fn what_vanishes_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clip.y4m");
        film(&path);
        let (exchange, _output, thread) = grab(&path, true);
        news(&exchange, |news| matches!(news, News::Opened(_)));
        fs::remove_file(&path).expect("removed");
        let News::Trouble(why) = news(&exchange, |news| matches!(news, News::Trouble(_))) else { unreachable!() };
        assert!(why.contains("clip.y4m") && why.contains("tried again"), "{why}");
        film(&path);
        let until = Instant::now() + Duration::from_mins(1);
        while exchange.next(Duration::from_secs(1)) != Event::Picture {
            assert!(Instant::now() < until, "it does not come back");
        }
        exchange.stop();
        thread.join().expect("it ends when told");
    }
}
