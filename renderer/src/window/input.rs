//! Input: keys, clicks, the pointer and dropped files.

use super::{
    dropped,
    keys::{self, Action},
    open::Open,
};
use crate::runtime::{Command, SourceChoice, Subscription};
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
        subscription: &Subscription,
        pointer: &Pointer,
        event_loop: &ActiveEventLoop,
    ) {
        let now = Instant::now();
        if !self.overlay.is_hidden() && self.surface.surface_mut().is_some_and(|surface| surface.notice(&event)) {
            self.overlay.touch();
            self.request_redraw(now);
        }
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => event_loop.exit(),
            WindowEvent::RedrawRequested => self.redraw(subscription, now),
            WindowEvent::Resized(size) => {
                if let Some(surface) = self.surface.surface_mut() {
                    surface.resize(size);
                }
                self.overlay.touch();
                self.look(subscription, now);
                self.request_redraw(now);
            }
            WindowEvent::Occluded(occluded) => {
                self.visibility.occluded = occluded;
                self.look(subscription, now);
            }
            WindowEvent::Focused(_) => self.look(subscription, now),
            WindowEvent::ModifiersChanged(modifiers) => self.input.modifiers = modifiers.state(),
            WindowEvent::KeyboardInput { event, is_synthetic: false, .. } => self.press(&event, event_loop),
            WindowEvent::CursorMoved { position, .. } => self.point(position, pointer),
            WindowEvent::CursorLeft { .. } => pointer.left(),
            WindowEvent::MouseInput { state: ElementState::Pressed, button: MouseButton::Left, .. } => self.drag(),
            WindowEvent::DroppedFile(path) => match dropped::character(&path) {
                Ok(character) => self.command(Command::LoadCharacter(character.into())),
                Err(advice) => self.tell(advice),
            },
            _ => {}
        }
    }

    /// The system wants the window drawn: it may have come back from where nobody saw it.
    fn redraw(&mut self, subscription: &Subscription, now: Instant) {
        self.visibility.request.answered();
        if !self.is_watched() {
            self.look(subscription, now);
        }
        self.draw(now);
    }

    fn press(&mut self, event: &KeyEvent, event_loop: &ActiveEventLoop) {
        if event.state != ElementState::Pressed || event.repeat {
            return;
        }
        match keys::action(&event.logical_key, event.physical_key, self.input.modifiers) {
            Some(Action::Quit) => event_loop.exit(),
            Some(Action::ChooseSource(index)) => self.command(Command::ChooseSource(SourceChoice::Index(index))),
            Some(Action::Recentre) => self.command(Command::Recentre),
            Some(Action::NextBackground) => self.next_background(),
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
        let on_overlay = self.surface.surface().is_some_and(super::surface::WindowSurface::is_overlay_under_pointer);
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
