//! The open window: kept drawable, and drawn when something changed.

use super::{
    Backdrop, Feed, Request, Waker, WindowError, WindowOptions,
    attention::Attention,
    backdrop,
    canvas::{Canvas, Drawn},
    easel::{Drawable as _, Easel, Mended},
    overlay::Overlay,
    place::Place,
};
use crate::settings::Background;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use winit::{
    dpi::LogicalSize,
    event_loop::{ActiveEventLoop, OwnedDisplayHandle},
    window::{Window, WindowAttributes},
};

/// How soon to ask again for an image that the system had none of.
const LATER: Duration = Duration::from_millis(100);

/// How often to look whether the window is hidden, which some systems tell nobody.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What to say of a transparent background where the system does not promise one.
const MAY_BE_OPAQUE: &str = "If the desktop does not show through, this system cannot do that: press B";

/// What exists once the window does.
pub(super) struct Open {
    pub(super) window: Arc<Window>,
    display: OwnedDisplayHandle,
    waker: Waker,
    pub(super) easel: Easel<Canvas>,
    pub(super) overlay: Overlay,
    chosen: Background,
    background: Background,
    backdrop: Backdrop,
    pub(super) attention: Attention,
    #[cfg(all(unix, not(target_os = "macos")))]
    mapped: Option<super::mapped::Mapped>,
    looked: Instant,
    watched: bool,
    pub(super) input: super::input::Input,
    /// The device has not got the feed's picture yet.
    new_picture: bool,
    /// When to draw again what could not be drawn.
    redraw_at: Option<Instant>,
    /// The show had news since the readout was looked up.
    news: bool,
}

impl Open {
    /// Opens the window and the device that draws on it.
    pub(super) fn new(
        event_loop: &ActiveEventLoop,
        options: &WindowOptions,
        feed: &impl Feed,
        waker: Waker,
    ) -> Result<Self, WindowError> {
        let (window, canvas) = open_window(event_loop, options.size, &waker)?;
        if let Some(rate) = window.current_monitor().and_then(|monitor| monitor.refresh_rate_millihertz()) {
            feed.set_display_rate(f64::from(rate) / 1000.0);
        }
        feed.set_watched(true);
        let mut open = Self {
            #[cfg(all(unix, not(target_os = "macos")))]
            mapped: super::mapped::Mapped::of(&window),
            window,
            display: event_loop.owned_display_handle(),
            waker,
            easel: Easel::new(canvas),
            overlay: Overlay::new(options.preview.clone()),
            chosen: options.background.clone(),
            background: Background::Transparent,
            backdrop: Backdrop::transparent(),
            attention: Attention::default(),
            looked: Instant::now(),
            watched: true,
            input: super::input::Input::default(),
            new_picture: true,
            redraw_at: None,
            news: true,
        };
        open.set_background(options.background.clone());
        Ok(open)
    }

    /// The show said that something is newer.
    pub(super) fn show_has_news(&mut self) {
        self.news = true;
    }

    /// Looks at everything that may be newer or due, and has the window drawn if it is out of date.
    pub(super) fn tick(&mut self, feed: &mut impl Feed, now: Instant) {
        while let Some(notice) = feed.notice() {
            self.overlay.notify(notice, now);
        }
        if let Some(background) = feed.background().filter(|background| *background != self.background) {
            self.set_background(background);
        }
        if now.duration_since(self.looked) >= LOOK_AGAIN {
            self.look(feed, now);
        }
        self.recover(feed, now);
        if !self.watched {
            return;
        }
        self.overlay.expire(now);
        self.overlay.follow_preview(now);
        if self.news && self.overlay.readout_due().is_none_or(|due| due <= now) {
            self.read_out(feed, now);
        }
        self.new_picture |= feed.advance();
        // Forgotten once asked for: a time past would keep the event loop from resting until the system draws.
        let due = self.redraw_at.take_if(|at| *at <= now).is_some();
        if self.new_picture || due || self.overlay.is_out_of_date() {
            self.request_redraw(now);
        }
    }

    /// Asks the system to have the window drawn.
    pub(super) fn request_redraw(&mut self, now: Instant) {
        self.attention.request.made(now);
        self.window.request_redraw();
    }

    /// Whether anyone could see the window when that was last looked at.
    pub(super) fn is_watched(&self) -> bool {
        self.watched
    }

    /// Finds out whether anyone can see the window, and tells the show.
    pub(super) fn look(&mut self, feed: &impl Feed, now: Instant) {
        self.looked = now;
        self.attention.minimised = self.window.is_minimized().unwrap_or(false);
        self.attention.empty = self.easel.canvas().is_some_and(Canvas::is_empty);
        #[cfg(all(unix, not(target_os = "macos")))]
        {
            self.attention.unmapped = self.mapped.as_ref().is_some_and(|mapped| !mapped.is_viewable());
        }
        let watched = self.attention.is_watched(now);
        if watched != self.watched {
            tracing::debug!("the window is {}", if watched { "seen" } else { "hidden" });
            self.watched = watched;
            feed.set_watched(watched);
            self.request_redraw(now);
        }
    }

    /// When something is due that no event announces.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let reopen = self.easel.due(Instant::now());
        if !self.watched {
            return [Some(self.looked + LOOK_AGAIN), reopen].into_iter().flatten().min();
        }
        let readout = self.news.then(|| self.overlay.readout_due()).flatten();
        [reopen, readout, self.redraw_at, self.overlay.next_expiry(), self.overlay.preview_due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Draws, if anyone can see it.
    pub(super) fn draw(&mut self, feed: &mut impl Feed, now: Instant) {
        let Some(canvas) = self.easel.canvas_mut().filter(|_| self.watched) else { return };
        self.new_picture |= feed.advance();
        if std::mem::take(&mut self.new_picture) {
            canvas.set_picture(feed.picture());
        }
        if !self.overlay.is_hidden()
            && self.overlay.take_change()
            && let Some(source) = canvas.lay_out(&self.overlay)
        {
            feed.ask(Request::ChooseSource(source));
        }
        self.redraw_at = None;
        match self.easel.draw(!self.overlay.is_hidden()) {
            Drawn::Shown => {}
            Drawn::Later => self.redraw_at = Some(Instant::now() + LATER),
            Drawn::Lost => self.recover(feed, now),
        }
    }

    /// Opens another canvas where the device or the surface is gone.
    fn recover(&mut self, feed: &impl Feed, now: Instant) {
        let open = || Canvas::open(&self.display, &self.window, &self.waker);
        match self.easel.mend(now, feed.picture(), &self.backdrop, open) {
            Mended::Nothing => {}
            Mended::Reopened => {
                self.overlay.notify("The graphics device was lost; it works again".to_owned(), now);
                self.request_redraw(now);
            }
            Mended::Failed(error) => tracing::warn!("the window cannot be drawn on yet: {error}"),
        }
    }

    fn read_out(&mut self, feed: &impl Feed, now: Instant) {
        self.news = false;
        self.overlay.set_readout(feed.readout(), now);
    }

    /// Shows the next background that can be shown, and has every other output do so too.
    pub(super) fn next_background(&mut self, feed: &impl Feed) {
        self.set_background(backdrop::next(&self.background, &self.chosen));
        feed.ask(Request::SetBackground(self.background.clone()));
    }

    fn set_background(&mut self, background: Background) {
        match Backdrop::load(&background) {
            Ok(backdrop) => self.backdrop = backdrop,
            Err(error) => self.overlay.notify(error.to_string(), Instant::now()),
        }
        self.background = background;
        let now = Instant::now();
        if let Some(canvas) = self.easel.canvas_mut() {
            canvas.set_backdrop(&self.backdrop);
            if self.background == Background::Transparent && !canvas.says_it_keeps_alpha() {
                self.overlay.notify(MAY_BE_OPAQUE.to_owned(), now);
            }
        }
        self.request_redraw(now);
    }

    /// Where the picture lies in the window.
    pub(super) fn place(&self) -> Place {
        let [width, height] = self.easel.canvas().map_or([0; 2], Canvas::size);
        Place::within(width, height)
    }
}

/// Opens a window with an alpha channel, or without one where it would stay black.
fn open_window(event_loop: &ActiveEventLoop, size: usize, waker: &Waker) -> Result<(Arc<Window>, Canvas), WindowError> {
    let open = |transparent| {
        let window = Arc::new(event_loop.create_window(attributes(size).with_transparent(transparent))?);
        let canvas = Canvas::open(&event_loop.owned_display_handle(), &window, waker)?;
        Ok::<_, WindowError>((window, canvas))
    };
    let (window, canvas) = open(true)?;
    if canvas.needs_opaque_window() {
        drop((window, canvas));
        return open(false);
    }
    Ok((window, canvas))
}

/// By which OBS and window rules find the window: it never changes, whoever is on stage.
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
