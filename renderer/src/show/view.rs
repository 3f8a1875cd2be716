//! Between the show and the window: the newest picture one way, requests the other.

use super::{Backstage, Choice, Order, status::SourceStatus};
use crate::{
    character::CharacterChoice,
    settings::Background,
    stage::{Backdrop, Feed, Output, Picture, Readout, Request, SourceLine, Waker},
};
use bunraku_engine::CpuFrame;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// The show's end.
pub struct ViewOutput {
    pictures: triple_buffer::Input<Picture>,
    shared: Arc<Shared>,
    waker: Waker,
}

/// The window's end, before the show has begun.
pub struct View {
    pictures: triple_buffer::Output<Picture>,
    shared: Arc<Shared>,
}

/// The window's end of a running show.
pub struct ShowFeed {
    view: View,
    show: Backstage,
}

#[derive(Default)]
struct Shared {
    watched: AtomicBool,
    ended: AtomicBool,
    news: Mutex<News>,
}

/// What the window is told besides pictures.
#[derive(Default)]
struct News {
    notices: Vec<String>,
    background: Option<Background>,
}

/// Notices that wait for a window nobody sees; older ones are forgotten.
const NOTICES: usize = 8;

/// Makes the two ends; `waker` wakes the window.
pub fn view(waker: Waker) -> (ViewOutput, View) {
    let (input, output) = triple_buffer::triple_buffer(&Picture::default());
    let shared = Arc::new(Shared { watched: AtomicBool::new(true), ..Shared::default() });
    (ViewOutput { pictures: input, shared: Arc::clone(&shared), waker }, View { pictures: output, shared })
}

impl View {
    /// The window's end of `show`.
    pub fn of(self, show: Backstage) -> ShowFeed {
        ShowFeed { view: self, show }
    }
}

impl ViewOutput {
    fn tell(&self, news: impl FnOnce(&mut News)) {
        news(&mut self.shared.news.lock().unwrap_or_else(PoisonError::into_inner));
        self.waker.wake();
    }
}

impl Output for ViewOutput {
    fn present(&mut self, frame: &CpuFrame, fresh: bool) {
        if fresh {
            self.pictures.input_buffer_mut().take(frame);
            self.pictures.publish();
            self.waker.wake();
        }
    }

    fn is_watched(&self) -> bool {
        self.shared.watched.load(Ordering::Relaxed)
    }

    fn set_background(&mut self, background: &Background) -> Result<(), String> {
        Backdrop::load(background).map_err(|error| error.to_string())?;
        self.tell(|news| news.background = Some(background.clone()));
        Ok(())
    }

    fn notify(&mut self, notice: &str) {
        self.tell(|news| {
            news.notices.truncate(NOTICES - 1);
            news.notices.insert(0, notice.to_owned());
        });
    }
}

impl Drop for ViewOutput {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl Feed for ShowFeed {
    fn advance(&mut self) -> bool {
        self.view.pictures.update()
    }

    fn picture(&self) -> &Picture {
        self.view.pictures.output_buffer()
    }

    fn readout(&self) -> Readout {
        let status = self.show.board.glance();
        Readout {
            character: status.character,
            engine: format!("{}: {}, {}", status.engine.engine, status.engine.adapter, status.quality),
            frames_per_second: status.fps as f32,
            student_ms: status.student_ms as f32,
            sources: status.sources.into_iter().map(line).collect(),
        }
    }

    fn notice(&mut self) -> Option<String> {
        self.view.shared.news.lock().unwrap_or_else(PoisonError::into_inner).notices.pop()
    }

    fn background(&mut self) -> Option<Background> {
        self.view.shared.news.lock().unwrap_or_else(PoisonError::into_inner).background.take()
    }

    fn ask(&self, request: Request) {
        let order = match request {
            Request::ChooseSource(index) => Order::ChooseSource(Choice::Index(index)),
            Request::Recentre => Order::Recentre,
            Request::LoadCharacter(path) => Order::LoadCharacter(CharacterChoice::Path(path)),
            Request::SetBackground(background) => Order::SetBackground(background),
        };
        if let Err(error) = self.show.orders.send(order) {
            tracing::warn!("{error}");
        }
    }

    fn set_watched(&self, watched: bool) {
        self.view.shared.watched.store(watched, Ordering::Relaxed);
    }

    fn set_display_rate(&self, hertz: f64) {
        // It comes again with the next window.
        let _ = self.show.orders.send(Order::SetDisplayRate(hertz));
    }

    fn has_ended(&self) -> bool {
        self.view.shared.ended.load(Ordering::Acquire)
    }
}

fn line(source: SourceStatus) -> SourceLine {
    SourceLine { name: source.name, state: source.own, live: source.live, latency_ms: source.latency_ms }
}
