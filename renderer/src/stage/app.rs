//! The window system's events, handed to the open window.

use super::{Feed, Waker, WindowError, WindowOptions, open::Open, wake::Woken};
use bunraku_capture::Pointer;
use std::time::Instant;
use winit::{
    application::ApplicationHandler,
    event::{StartCause, WindowEvent},
    event_loop::{ActiveEventLoop, ControlFlow},
    window::WindowId,
};

/// The running window and what it is connected to.
pub(super) struct App<F> {
    options: WindowOptions,
    feed: F,
    pointer: Pointer,
    waker: Waker,
    failure: Option<WindowError>,
    open: Option<Open>,
}

impl<F: Feed> App<F> {
    /// Opens its window when the window system says so.
    pub(super) fn new(options: WindowOptions, feed: F, pointer: Pointer, waker: Waker) -> Self {
        Self { options, feed, pointer, waker, failure: None, open: None }
    }

    /// What became of it, once the event loop has ended.
    pub(super) fn close(self) -> Result<(), WindowError> {
        // Where no window could be opened the show goes on as if none had been asked for.
        self.feed.set_watched(self.failure.is_some());
        self.failure.map_or(Ok(()), Err)
    }

    /// Looks at everything that may be newer or due.
    fn tick(&mut self, event_loop: &ActiveEventLoop) {
        if self.feed.has_ended() {
            event_loop.exit();
        } else if let Some(open) = &mut self.open {
            open.tick(&mut self.feed, Instant::now());
        }
    }
}

impl<F: Feed> ApplicationHandler<Woken> for App<F> {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.open.is_some() {
            return;
        }
        match Open::new(event_loop, &self.options, &self.feed, self.waker.clone()) {
            Ok(open) => {
                self.open = Some(open);
                self.tick(event_loop);
            }
            Err(error) => {
                self.failure = Some(error);
                event_loop.exit();
            }
        }
    }

    fn new_events(&mut self, event_loop: &ActiveEventLoop, cause: StartCause) {
        if matches!(cause, StartCause::ResumeTimeReached { .. }) {
            self.tick(event_loop);
        }
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, _: Woken) {
        self.waker.answer();
        if let Some(open) = &mut self.open {
            open.show_has_news();
        }
        self.tick(event_loop);
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, id: WindowId, event: WindowEvent) {
        // A window that was tried first and given up still sends its last events.
        let Some(open) = self.open.as_mut().filter(|open| open.window.id() == id) else { return };
        open.handle(event, &mut self.feed, &self.pointer, event_loop);
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        let due = self.open.as_mut().and_then(|open| {
            open.attention.request.turn_ended();
            open.next_due()
        });
        event_loop.set_control_flow(due.map_or(ControlFlow::Wait, ControlFlow::WaitUntil));
    }
}
