//! The open window: kept drawable, and drawn when something changed.

use super::{
    WindowError,
    graphics::needs_opaque_window,
    overlay::Overlay,
    place::Place,
    recovery::{Drawable as _, Mended, Recovering},
    surface::{Drawn, SurfaceOpener, WindowSurface},
    visibility::Visibility,
};
use crate::{
    backdrop::{self, Backdrop},
    config::Config,
    runtime::{Command, Event, PuppetHandle, SharedGpu, SourceChoice, Subscription},
    settings::Background,
};
use bunraku_capture::Preview;
use bunraku_core::source::Waker;
use bunraku_engine::{Frame, gpu::GpuContext};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use winit::{
    dpi::LogicalSize,
    event_loop::ActiveEventLoop,
    window::{Window, WindowAttributes},
};

/// How soon to ask again for an image that the system had none of.
const LATER: Duration = Duration::from_millis(100);

/// How often to check whether the window is hidden: some systems send no event for it.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The notice about a transparent background where the system does not promise one.
const MAY_BE_OPAQUE: &str = "If the desktop does not show through, this system cannot do that: press B";

/// The open window, and everything that exists only while it does.
pub(super) struct Open {
    pub(super) window: Arc<Window>,
    puppet: PuppetHandle,
    gpu: SharedGpu,
    opener: SurfaceOpener,
    pub(super) surface: Recovering<WindowSurface>,
    pub(super) overlay: Overlay,
    chosen: Background,
    background: Background,
    backdrop: Backdrop,
    pub(super) visibility: Visibility,
    #[cfg(all(unix, not(target_os = "macos")))]
    mapped: Option<super::mapped::Mapped>,
    looked: Instant,
    watched: bool,
    pub(super) input: super::input::Input,
    /// The newest frame, once there is one.
    frame: Option<Frame>,
    seen_frame: u64,
    seen_events: u64,
    /// The surface does not have the frame yet.
    new_frame: bool,
    /// When to draw again what could not be drawn.
    redraw_at: Option<Instant>,
    /// Something happened to the puppet since the figures were updated.
    news: bool,
}

impl Open {
    /// Opens the window and the device that draws on it.
    pub(super) fn new(
        event_loop: &ActiveEventLoop,
        config: &Config,
        preview: Preview,
        puppet: PuppetHandle,
        gpu: SharedGpu,
        waker: Waker,
    ) -> Result<Self, WindowError> {
        let opener = SurfaceOpener { display: event_loop.owned_display_handle(), waker };
        let size = config.size.unwrap_or_default().pixels();
        let (window, surface) = open_window(event_loop, size, &opener, gpu.current().as_ref())?;
        let background = config.background.clone().unwrap_or_default();
        if let Some(rate) = window.current_monitor().and_then(|monitor| monitor.refresh_rate_millihertz()) {
            // Without it the puppet steps 60 times a second.
            puppet.send(Command::SetDisplayRate(f64::from(rate) / 1000.0)).ok();
        }
        let mut open = Self {
            #[cfg(all(unix, not(target_os = "macos")))]
            mapped: super::mapped::Mapped::of(&window),
            window,
            puppet,
            gpu,
            opener,
            surface: Recovering::new(surface),
            overlay: Overlay::new(preview),
            chosen: background.clone(),
            background: Background::Transparent,
            backdrop: Backdrop::transparent(),
            visibility: Visibility::default(),
            looked: Instant::now(),
            watched: true,
            input: super::input::Input::default(),
            frame: None,
            seen_frame: 0,
            seen_events: 0,
            new_frame: false,
            redraw_at: None,
            news: true,
        };
        open.set_background(background);
        Ok(open)
    }

    /// The puppet woke the window.
    pub(super) fn puppet_has_news(&mut self) {
        self.news = true;
    }

    /// Takes everything that is newer or due, and has the window drawn if it is out of date.
    pub(super) fn tick(&mut self, subscription: &Subscription, now: Instant) {
        self.take_events(now);
        if now.duration_since(self.looked) >= LOOK_AGAIN {
            self.look(subscription, now);
        }
        self.recover(now);
        if !self.watched {
            return;
        }
        self.overlay.expire(now);
        self.overlay.follow_preview(now);
        if self.news && self.overlay.figures_due().is_none_or(|due| due <= now) {
            self.news = false;
            self.overlay.set_status(&self.puppet.latest_status(), now);
        }
        self.take_frame();
        // Forgotten once asked for: a time past would keep the event loop from resting until the system draws.
        let due = self.redraw_at.take_if(|at| *at <= now).is_some();
        if self.new_frame || due || self.overlay.is_out_of_date() {
            self.request_redraw(now);
        }
    }

    fn take_events(&mut self, now: Instant) {
        for event in self.puppet.events_after(&mut self.seen_events) {
            match event {
                Event::Notice(notice) => self.overlay.notify(notice, now),
                Event::Background(background) if background != self.background => self.set_background(background),
                Event::Background(_) => {}
            }
        }
    }

    /// Takes the newest frame, if it is newer than the last one.
    fn take_frame(&mut self) {
        if let Some(frame) = self.puppet.frame_after(&mut self.seen_frame) {
            self.frame = Some(frame);
            self.new_frame = true;
        }
    }

    /// Sends the puppet a command; how it went shows in its notices.
    pub(super) fn command(&self, command: Command) {
        if let Err(error) = self.puppet.send(command) {
            tracing::warn!("{error}");
        }
    }

    /// Asks the system to have the window drawn.
    pub(super) fn request_redraw(&mut self, now: Instant) {
        self.visibility.request.made(now);
        self.window.request_redraw();
    }

    /// Whether the window was visible at the last check.
    pub(super) fn is_watched(&self) -> bool {
        self.watched
    }

    /// Checks whether the window is visible, and tells the puppet.
    pub(super) fn look(&mut self, subscription: &Subscription, now: Instant) {
        self.looked = now;
        self.visibility.minimised = self.window.is_minimized().unwrap_or(false);
        self.visibility.empty = self.surface.surface().is_some_and(WindowSurface::is_empty);
        #[cfg(all(unix, not(target_os = "macos")))]
        {
            self.visibility.unmapped = self.mapped.as_ref().is_some_and(|mapped| !mapped.is_viewable());
        }
        let watched = self.visibility.is_watched(now);
        if watched != self.watched {
            tracing::debug!("the window is {}", if watched { "seen" } else { "hidden" });
            self.watched = watched;
            subscription.set_watching(watched);
            self.request_redraw(now);
        }
    }

    /// When something is due that no event announces.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let reopen = self.surface.due(Instant::now());
        if !self.watched {
            return [Some(self.looked + LOOK_AGAIN), reopen].into_iter().flatten().min();
        }
        let figures = self.news.then(|| self.overlay.figures_due()).flatten();
        [reopen, figures, self.redraw_at, self.overlay.next_expiry(), self.overlay.preview_due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Draws, if anyone can see it.
    pub(super) fn draw(&mut self, now: Instant) {
        if !self.watched {
            return;
        }
        self.take_frame();
        self.follow_device(now);
        let Some(surface) = self.surface.surface_mut() else { return };
        if let Some(frame) = self.frame.as_ref().filter(|_| self.new_frame) {
            surface.set_frame(frame);
        }
        self.new_frame = false;
        if !self.overlay.is_hidden()
            && self.overlay.take_change()
            && let Some(source) = surface.lay_out(&self.overlay)
        {
            self.command(Command::ChooseSource(SourceChoice::Index(source)));
        }
        self.redraw_at = None;
        match self.surface.draw(!self.overlay.is_hidden()) {
            Drawn::Shown => {}
            Drawn::Later => self.redraw_at = Some(Instant::now() + LATER),
            Drawn::Lost => self.recover(now),
        }
    }

    /// Presents on the puppet's device from now on, if that is another one than before.
    fn follow_device(&mut self, now: Instant) {
        let Some(Frame::Gpu(frame)) = &self.frame else { return };
        if self.surface.surface().is_some_and(|surface| surface.should_move_to(&frame.context)) {
            self.surface.close();
            self.reopen(now);
        }
    }

    /// The device that the puppet draws on.
    fn puppets_device(&self) -> Option<GpuContext> {
        match &self.frame {
            Some(Frame::Gpu(frame)) => Some(frame.context.clone()),
            _ => self.gpu.current(),
        }
    }

    /// Opens another surface if the device or the surface was lost.
    fn recover(&mut self, now: Instant) {
        if self.reopen(now) {
            self.overlay.notify("The graphics device was lost; it works again".to_owned(), now);
        }
    }

    /// Opens another surface if there is none that works; whether it did.
    fn reopen(&mut self, now: Instant) -> bool {
        let device = self.puppets_device();
        let open = || self.opener.open(&self.window, device.as_ref());
        match self.surface.mend(now, self.frame.as_ref(), &self.backdrop, open) {
            Mended::Nothing => return false,
            Mended::Failed(error) => {
                tracing::warn!("the window cannot be drawn on yet: {error}");
                return false;
            }
            Mended::Reopened => {}
        }
        self.overlay.touch();
        self.request_redraw(now);
        true
    }

    /// Shows the next background at once, and has the puppet show it everywhere.
    pub(super) fn next_background(&mut self) {
        self.set_background(backdrop::next(&self.background, &self.chosen));
        self.command(Command::SetBackground(self.background.clone()));
    }

    fn set_background(&mut self, background: Background) {
        match Backdrop::load(&background) {
            Ok(backdrop) => self.backdrop = backdrop,
            Err(error) => self.overlay.notify(error.to_string(), Instant::now()),
        }
        self.background = background;
        let now = Instant::now();
        if let Some(surface) = self.surface.surface_mut() {
            surface.set_backdrop(&self.backdrop);
            if self.background == Background::Transparent && !surface.says_it_keeps_alpha() {
                self.overlay.notify(MAY_BE_OPAQUE.to_owned(), now);
            }
        }
        self.request_redraw(now);
    }

    /// Where the picture lies in the window.
    pub(super) fn place(&self) -> Place {
        let [width, height] = self.surface.surface().map_or([0; 2], WindowSurface::size);
        Place::within(width, height)
    }
}

/// Opens a window with an alpha channel, or without one where it would stay black.
fn open_window(
    event_loop: &ActiveEventLoop,
    size: usize,
    opener: &SurfaceOpener,
    device: Option<&GpuContext>,
) -> Result<(Arc<Window>, WindowSurface), WindowError> {
    let open = |transparent| {
        let window = Arc::new(event_loop.create_window(attributes(size).with_transparent(transparent))?);
        let surface = opener.open(&window, device)?;
        Ok::<_, WindowError>((window, surface))
    };
    // Known before there is a window where the puppet's own device presents: no window is opened twice then.
    let transparent = !device.is_some_and(needs_opaque_window);
    let (window, surface) = open(transparent)?;
    if transparent && surface.needs_opaque_window() {
        drop((window, surface));
        return open(false);
    }
    Ok((window, surface))
}

/// OBS and window rules find the window by its title, so it never changes, whatever the character.
const TITLE: &str = "Bunraku";

fn attributes(size: usize) -> WindowAttributes {
    let edge = size as f64;
    let attributes = Window::default_attributes()
        .with_title(TITLE)
        .with_inner_size(LogicalSize::new(edge, edge))
        .with_min_inner_size(LogicalSize::new(64.0, 64.0));
    #[cfg(all(unix, not(target_os = "macos")))]
    let attributes = {
        let attributes = winit::platform::x11::WindowAttributesExtX11::with_name(attributes, "bunraku", "bunraku");
        winit::platform::wayland::WindowAttributesExtWayland::with_name(attributes, "bunraku", "bunraku")
    };
    attributes
}
