//! Recovery of the window's surface: opened again when it is lost, with the same frame and backdrop.

use super::{backoff::Backoff, surface::Drawn};
use crate::backdrop::Backdrop;
use bunraku_engine::Frame;
use std::time::Instant;

/// What can be drawn on, and lost.
pub(super) trait Drawable {
    /// Whether it is gone.
    fn is_lost(&self) -> bool;

    /// Takes the frame to show from now on.
    fn set_frame(&mut self, frame: &Frame);

    /// Takes the backdrop to show from now on.
    fn set_backdrop(&mut self, backdrop: &Backdrop);

    /// Draws frame, backdrop and, if asked for, the overlay.
    fn draw(&mut self, with_overlay: bool) -> Drawn;
}

/// What [`Recovering::mend`] did.
#[derive(Debug)]
pub(super) enum Mended<E> {
    /// It works, or the next try is not due.
    Nothing,
    /// Another is in its place, with the same frame and backdrop.
    Reopened,
    /// None could be opened; the next try comes later.
    Failed(E),
}

/// A surface that may be lost and opened again.
pub(super) struct Recovering<C> {
    surface: Option<C>,
    backoff: Backoff,
}

impl<C: Drawable> Recovering<C> {
    pub(super) fn new(surface: C) -> Self {
        Self { surface: Some(surface), backoff: Backoff::default() }
    }

    /// The surface, while there is one.
    pub(super) fn surface(&self) -> Option<&C> {
        self.surface.as_ref()
    }

    /// The surface, while there is one.
    pub(super) fn surface_mut(&mut self) -> Option<&mut C> {
        self.surface.as_mut()
    }

    /// When [`mend`](Self::mend) has something to do, if the surface is known to be gone.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.surface.is_none().then(|| self.backoff.due().unwrap_or(now))
    }

    /// Draws; drops a surface that turns out to be lost.
    pub(super) fn draw(&mut self, with_overlay: bool) -> Drawn {
        let drawn = self.surface.as_mut().map_or(Drawn::Lost, |surface| surface.draw(with_overlay));
        match drawn {
            Drawn::Shown => self.backoff.succeeded(),
            Drawn::Later => {}
            // The surface may be gone while the device lives, which nothing but this draw tells.
            Drawn::Lost => self.surface = None,
        }
        drawn
    }

    /// Drops the surface, so that [`mend`](Self::mend) opens another one at once.
    pub(super) fn close(&mut self) {
        self.surface = None;
        self.backoff.succeeded();
    }

    /// Opens another surface if the last one is lost and a try is due.
    pub(super) fn mend<E>(
        &mut self,
        now: Instant,
        frame: Option<&Frame>,
        backdrop: &Backdrop,
        open: impl FnOnce() -> Result<C, E>,
    ) -> Mended<E> {
        if self.surface.as_ref().is_some_and(|surface| !surface.is_lost()) {
            return Mended::Nothing;
        }
        // Its surface must be gone before the window gets another.
        self.surface = None;
        if !self.backoff.is_due(now) {
            return Mended::Nothing;
        }
        self.backoff.tried(now);
        match open() {
            Ok(mut surface) => {
                surface.set_backdrop(backdrop);
                if let Some(frame) = frame {
                    surface.set_frame(frame);
                }
                self.surface = Some(surface);
                Mended::Reopened
            }
            Err(error) => Mended::Failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bunraku_engine::CpuFrame;
    use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

    const MS: Duration = Duration::from_millis(1);

    /// A window: what its user sees, one entry a drawing (the frame's edge), and the surfaces made for it.
    #[derive(Default)]
    struct Window {
        shown: RefCell<Vec<usize>>,
        surfaces: Rc<()>,
    }

    /// A surface that lasts for some drawings.
    struct Paper<'a> {
        window: &'a Window,
        lasts: usize,
        device_lost: bool,
        edge: Option<usize>,
        has_backdrop: bool,
        /// Held as a surface is: the window has room for one.
        _surface: Rc<()>,
    }

    impl Window {
        fn paper(&self, lasts: usize) -> Paper<'_> {
            assert_eq!(Rc::strong_count(&self.surfaces), 1, "the lost surface still holds the window's surface");
            let surface = Rc::clone(&self.surfaces);
            Paper { window: self, lasts, device_lost: false, edge: None, has_backdrop: false, _surface: surface }
        }

        /// A surface that shows a picture of this edge and lasts for some drawings.
        fn recovering(&self, edge: usize, lasts: usize) -> Recovering<Paper<'_>> {
            let mut recovering = Recovering::new(self.paper(lasts));
            let surface = recovering.surface_mut().expect("put up");
            (surface.edge, surface.has_backdrop) = (Some(edge), true);
            recovering
        }
    }

    impl Drawable for Paper<'_> {
        fn is_lost(&self) -> bool {
            self.device_lost
        }

        fn set_frame(&mut self, frame: &Frame) {
            self.edge = Some(frame.size());
        }

        fn set_backdrop(&mut self, _: &Backdrop) {
            self.has_backdrop = true;
        }

        fn draw(&mut self, _: bool) -> Drawn {
            if self.device_lost || self.lasts == 0 {
                return Drawn::Lost;
            }
            assert!(self.has_backdrop, "drawn without its backdrop");
            self.lasts -= 1;
            self.window.shown.borrow_mut().push(self.edge.expect("drawn without a picture"));
            Drawn::Shown
        }
    }

    fn frame(size: usize) -> Frame {
        Frame::Cpu(Arc::new(CpuFrame { size, planes: vec![] }))
    }

    /// Looks after the surface; where it must be opened, one that lasts for `lasts` drawings, or none.
    fn mend<'a>(
        surface: &mut Recovering<Paper<'a>>,
        window: &'a Window,
        now: Instant,
        size: usize,
        lasts: Option<usize>,
    ) -> Mended<&'static str> {
        let open = || lasts.ok_or("no driver answers").map(|lasts| window.paper(lasts));
        surface.mend(now, Some(&frame(size)), &Backdrop::transparent(), open)
    }

    #[test]
    fn the_picture_goes_on_after_every_loss() {
        let (window, now) = (Window::default(), Instant::now());
        let mut surface = window.recovering(1, 2);
        for size in 1..=3 {
            assert!(matches!(mend(&mut surface, &window, now, size, None), Mended::Nothing), "it works");
            assert_eq!(
                [surface.draw(true), surface.draw(true), surface.draw(true)],
                [Drawn::Shown, Drawn::Shown, Drawn::Lost]
            );
            assert_eq!(surface.due(now), Some(now), "the first try is due at once, after each loss");
            assert!(matches!(mend(&mut surface, &window, now, size + 1, Some(2)), Mended::Reopened));
            assert_eq!(surface.due(now), None);
        }
        surface.draw(true);
        assert_eq!(window.shown.take(), [1, 1, 2, 2, 3, 3, 4], "each surface shows the picture of its time");
    }

    #[test]
    fn a_lost_device_is_noticed_before_anything_is_drawn_on_it() {
        let (window, now) = (Window::default(), Instant::now());
        let mut surface = window.recovering(1, 9);
        surface.surface_mut().expect("put up").device_lost = true;
        assert!(matches!(mend(&mut surface, &window, now, 5, Some(9)), Mended::Reopened));
        assert_eq!(surface.draw(true), Drawn::Shown);
        assert_eq!(window.shown.take(), [5]);
    }

    #[test]
    fn while_none_opens_tries_become_rare_each_says_why_and_the_first_that_opens_ends_it() {
        let (window, start) = (Window::default(), Instant::now());
        let mut surface = window.recovering(1, 0);
        surface.draw(true);
        let mut tries = vec![];
        for time in (0..60_000).step_by(10) {
            let now = start + MS * time;
            match mend(&mut surface, &window, now, 1, None) {
                Mended::Nothing => assert_ne!(surface.due(now), Some(now), "due and not tried"),
                Mended::Reopened => panic!("nothing opens"),
                Mended::Failed(why) => {
                    assert_eq!(why, "no driver answers");
                    tries.push(time);
                }
            }
            assert_eq!(surface.draw(true), Drawn::Lost, "drawing without a surface does nothing");
        }
        assert_eq!(tries[..4], [0, 100, 300, 700]);
        assert!((14..20).contains(&tries.len()), "{} tries in a minute", tries.len());

        let later = surface.due(start).expect("it goes on trying");
        assert!(matches!(mend(&mut surface, &window, later, 7, Some(1)), Mended::Reopened));
        assert_eq!([surface.draw(true), surface.draw(true)], [Drawn::Shown, Drawn::Lost]);
        assert_eq!(surface.due(later), Some(later), "it worked in between, so the next loss is answered at once");
        assert_eq!(window.shown.take(), [7]);
    }

    #[test]
    fn a_surface_that_is_lost_as_soon_as_it_opens_is_not_opened_in_a_tight_loop() {
        let (window, start) = (Window::default(), Instant::now());
        let mut surface = window.recovering(1, 0);
        let mut opened = 0;
        for time in (0..10_000).step_by(5) {
            surface.draw(true);
            opened += u32::from(matches!(mend(&mut surface, &window, start + MS * time, 1, Some(0)), Mended::Reopened));
        }
        assert!((5..10).contains(&opened), "opened {opened} times in ten seconds");
    }
}
