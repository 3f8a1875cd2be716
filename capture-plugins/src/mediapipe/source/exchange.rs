//! Between the thread that takes pictures and the one that tracks them: the newest picture one way, and a word.

use super::super::frames::RgbFrame;
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A picture on its way to the tracker.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) frame: RgbFrame,
    /// When it was taken.
    pub(super) captured: Instant,
    /// Grows when the source was opened anew: what follows has nothing to do with what was before.
    pub(super) session: u32,
}

/// What the tracking thread is told beside pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Pictures are going to come from this.
    Opened(String),
    /// None come, for this reason; it is tried again.
    Trouble(String),
    /// There are no more.
    Over,
}

/// What woke the tracking thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It is to end.
    Stop,
    /// Something happened to the pictures' source.
    News(News),
    /// A newer picture is there.
    Picture,
    /// Nothing came for as long as was waited.
    Silence,
}

#[derive(Debug, Default)]
struct State {
    stop: bool,
    picture: bool,
    news: Option<News>,
}

/// What both threads wait at. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange(Arc<(Mutex<State>, Condvar)>);

impl Exchange {
    /// A triple buffer for pictures beside it: nothing is copied, nothing queued.
    pub(super) fn pictures() -> (triple_buffer::Input<Seen>, triple_buffer::Output<Seen>) {
        triple_buffer::triple_buffer(&Seen { frame: RgbFrame::default(), captured: Instant::now(), session: 0 })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.1.notify_all();
    }

    /// Ends both threads.
    pub(super) fn stop(&self) {
        self.change(|state| state.stop = true);
    }

    /// Says that a newer picture is in the buffer.
    pub(super) fn picture(&self) {
        self.change(|state| state.picture = true);
    }

    /// Says what happened; an older word that nobody heard is forgotten.
    pub(super) fn tell(&self, news: News) {
        self.change(|state| state.news = Some(news));
    }

    /// Waits until `until` or the end; true if it is the end.
    pub(super) fn sleep_until(&self, until: Instant) -> bool {
        let mut state = self.state();
        while !state.stop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.0.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Waits for the next event, at most for `patience`. That pictures are going to come goes before them; that there
    /// are no more, or trouble, waits until the last picture was taken, which was before it.
    pub(super) fn next(&self, patience: Duration) -> Event {
        let quiet = |state: &mut State| !state.stop && !state.picture && state.news.is_none();
        let waited = self.0.1.wait_timeout_while(self.state(), patience, quiet);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if state.stop {
            return Event::Stop;
        }
        let wait_for_last = state.picture && matches!(state.news, Some(News::Over | News::Trouble(_)));
        if !wait_for_last && let Some(news) = state.news.take() {
            return Event::News(news);
        }
        if std::mem::take(&mut state.picture) { Event::Picture } else { Event::Silence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_not_queued_and_the_last_goes_before_the_end() {
        let exchange = Exchange::default();
        exchange.picture();
        exchange.picture();
        exchange.tell(News::Over);
        let events: Vec<_> = (0..3).map(|_| exchange.next(Duration::ZERO)).collect();
        assert_eq!(events, [Event::Picture, Event::News(News::Over), Event::Silence]);
    }

    #[test]
    fn news_of_a_source_go_before_its_pictures() {
        let exchange = Exchange::default();
        exchange.picture();
        exchange.tell(News::Opened("clip".to_owned()));
        assert_eq!(exchange.next(Duration::ZERO), Event::News(News::Opened("clip".to_owned())));
        assert_eq!(exchange.next(Duration::ZERO), Event::Picture);
    }

    #[test]
    fn the_end_wakes_whoever_sleeps() {
        let exchange = Exchange::default();
        let sleeper = exchange.clone();
        let thread = std::thread::spawn(move || sleeper.sleep_until(Instant::now() + Duration::from_mins(10)));
        exchange.stop();
        assert!(thread.join().expect("no panic"));
        assert_eq!(exchange.next(Duration::from_mins(10)), Event::Stop);
        assert!(!Exchange::default().sleep_until(Instant::now()));
    }
}
