//! What the person does to the window.

use super::{
    Feed, Request, dropped,
    keys::{self, Action},
    open::Open,
};
use bunraku_capture::Pointer;
use std::time::Instant;
use winit::{
    dpi::PhysicalPosition,
    event::{ElementState, KeyEvent, MouseButton, WindowEvent},
    event_loop::ActiveEventLoop,
    keyboard::ModifiersState,
    window::WindowLevel,
};

/// What the keys have set so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Input {
    modifiers: ModifiersState,
    on_top: bool,
    borderless: bool,
}

impl Open {
    /// Answers one event of the window.
    pub(super) fn handle(
        &mut self,
        event: WindowEvent,
        feed: &mut impl Feed,
        pointer: &Pointer,
        event_loop: &ActiveEventLoop,
    ) {
        let now = Instant::now();
        if !self.overlay.is_hidden() && self.easel.canvas_mut().is_some_and(|canvas| canvas.notice(&event)) {
            self.overlay.touch();
            self.request_redraw(now);
        }
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => event_loop.exit(),
            WindowEvent::RedrawRequested => self.redraw(feed, now),
            WindowEvent::Resized(size) => {
                if let Some(canvas) = self.easel.canvas_mut() {
                    canvas.resize(size);
                }
                self.overlay.touch();
                self.look(feed, now);
                self.request_redraw(now);
            }
            WindowEvent::Occluded(occluded) => {
                self.attention.occluded = occluded;
                self.look(feed, now);
            }
            WindowEvent::Focused(_) => self.look(feed, now),
            WindowEvent::ModifiersChanged(modifiers) => self.input.modifiers = modifiers.state(),
            WindowEvent::KeyboardInput { event, is_synthetic: false, .. } => self.press(&event, feed, event_loop),
            WindowEvent::CursorMoved { position, .. } => self.point(position, pointer),
            WindowEvent::CursorLeft { .. } => pointer.left(),
            WindowEvent::MouseInput { state: ElementState::Pressed, button: MouseButton::Left, .. } => self.drag(),
            WindowEvent::DroppedFile(path) => match dropped::character(&path) {
                Ok(character) => feed.ask(Request::LoadCharacter(character)),
                Err(advice) => self.tell(advice),
            },
            _ => {}
        }
    }

    /// The system wants the window drawn: it may have come back from where nobody saw it.
    fn redraw(&mut self, feed: &mut impl Feed, now: Instant) {
        self.attention.request.answered();
        if !self.is_watched() {
            self.look(feed, now);
        }
        self.draw(feed, now);
    }

    fn press(&mut self, event: &KeyEvent, feed: &impl Feed, event_loop: &ActiveEventLoop) {
        if event.state != ElementState::Pressed || event.repeat {
            return;
        }
        match keys::action(&event.logical_key, event.physical_key, self.input.modifiers) {
            Some(Action::Quit) => event_loop.exit(),
            Some(Action::ChooseSource(index)) => feed.ask(Request::ChooseSource(index)),
            Some(Action::Recentre) => feed.ask(Request::Recentre),
            Some(Action::NextBackground) => self.next_background(feed),
            Some(Action::TogglePreview) => self.overlay.toggle_preview(),
            Some(Action::ToggleOverlay) => self.overlay.toggle(),
            Some(Action::ToggleHelp) => self.overlay.toggle_help(),
            Some(Action::CloseHelp) => self.overlay.close_help(),
            Some(Action::ToggleOnTop) => self.toggle_on_top(),
            Some(Action::ToggleBorder) => {
                self.input.borderless = !self.input.borderless;
                self.window.set_decorations(!self.input.borderless);
            }
            None => return,
        }
        self.request_redraw(Instant::now());
    }

    fn toggle_on_top(&mut self) {
        self.input.on_top = !self.input.on_top;
        let (level, what) = if self.input.on_top {
            (WindowLevel::AlwaysOnTop, "Stays on top of other windows")
        } else {
            (WindowLevel::Normal, "No longer on top of other windows")
        };
        self.window.set_window_level(level);
        self.tell(what.to_owned());
    }

    fn point(&self, position: PhysicalPosition<f64>, pointer: &Pointer) {
        let [x, y] = self.place().normalised(position.x, position.y);
        pointer.moved_to(x, y);
    }

    /// A window without a border is moved by its picture.
    fn drag(&self) {
        let on_overlay = self.easel.canvas().is_some_and(super::canvas::Canvas::is_overlay_under_pointer);
        if self.input.borderless
            && !on_overlay
            && let Err(error) = self.window.drag_window()
        {
            tracing::warn!("the window cannot be moved by dragging: {error}");
        }
    }

    fn tell(&mut self, what: String) {
        let now = Instant::now();
        self.overlay.notify(what, now);
        self.request_redraw(now);
    }
}
