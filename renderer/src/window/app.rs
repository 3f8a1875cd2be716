//! The event loop's application: hands the window system's events to the open window.

use super::{WindowError, open::Open};
use crate::{
    config::Config,
    runtime::{PuppetHandle, SharedGpu, Subscription},
};
use bunraku_capture::Surroundings;
use bunraku_core::source::Waker;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};
use winit::{
    application::ApplicationHandler,
    event::{StartCause, WindowEvent},
    event_loop::{ActiveEventLoop, ControlFlow, EventLoopProxy},
    window::WindowId,
};

/// The event that another thread wakes the event loop with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Woken;

/// The running window and what it is connected to.
pub(super) struct App<'a> {
    config: &'a Config,
    surroundings: &'a Surroundings,
    puppet: PuppetHandle,
    gpu: &'a SharedGpu,
    subscription: Subscription,
    waker: Waker,
    /// Whether a [`Woken`] is on its way: one at a time is enough.
    woken: Arc<AtomicBool>,
    failure: Option<WindowError>,
    open: Option<Open>,
}

impl<'a> App<'a> {
    /// Opens its window when the window system says so.
    pub(super) fn new(
        config: &'a Config,
        surroundings: &'a Surroundings,
        puppet: PuppetHandle,
        gpu: &'a SharedGpu,
        proxy: EventLoopProxy<Woken>,
    ) -> Self {
        let woken = Arc::<AtomicBool>::default();
        let waker = waker(proxy, Arc::clone(&woken));
        let subscription = puppet.subscribe(waker.clone());
        Self { config, surroundings, puppet, gpu, subscription, waker, woken, failure: None, open: None }
    }

    /// How it went, once the event loop has ended. Without its subscription the puppet runs on as if headless.
    pub(super) fn close(self) -> Result<(), WindowError> {
        self.failure.map_or(Ok(()), Err)
    }

    /// Takes everything that is newer or due.
    fn tick(&mut self, event_loop: &ActiveEventLoop) {
        if self.puppet.has_ended() {
            event_loop.exit();
        } else if let Some(open) = &mut self.open {
            open.tick(&self.subscription, Instant::now());
        }
    }
}

/// Wakes the event loop from any thread.
fn waker(proxy: EventLoopProxy<Woken>, woken: Arc<AtomicBool>) -> Waker {
    Arc::new(move || {
        if !woken.swap(true, Ordering::AcqRel) {
            // This fails once the event loop is gone, and with it all that could be woken.
            proxy.send_event(Woken).ok();
        }
    })
}

impl ApplicationHandler<Woken> for App<'_> {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.open.is_some() {
            return;
        }
        let (preview, gpu) = (self.surroundings.preview.clone(), self.gpu.clone());
        match Open::new(event_loop, self.config, preview, self.puppet.clone(), gpu, self.waker.clone()) {
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
        self.woken.store(false, Ordering::Release);
        if let Some(open) = &mut self.open {
            open.puppet_has_news();
        }
        self.tick(event_loop);
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, id: WindowId, event: WindowEvent) {
        // A window that was tried first and given up still sends its last events.
        let Some(open) = self.open.as_mut().filter(|open| open.window.id() == id) else { return };
        open.handle(event, &self.subscription, &self.surroundings.pointer, event_loop);
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        let due = self.open.as_mut().and_then(|open| {
            open.visibility.request.turn_ended();
            open.next_due()
        });
        event_loop.set_control_flow(due.map_or(ControlFlow::Wait, ControlFlow::WaitUntil));
    }
}
