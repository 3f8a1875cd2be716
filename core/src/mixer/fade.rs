//! The cross-fade of one channel from the shares that sources have of it to one source alone.

/// The driver of a channel, and the fade to it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fade {
    /// The source that drives the channel, or none yet.
    pub(super) target: Option<usize>,
    start: Option<f64>,
}

impl Fade {
    /// Begins at `now`, from the shares that there are, to `target`.
    pub(super) fn begin(&mut self, target: Option<usize>, now: f64) {
        *self = Self { target, start: Some(now) };
    }

    /// Whether it is under way.
    pub(super) fn is_active(&self) -> bool {
        self.start.is_some()
    }

    /// How much of the way is done, 0 to 1, eased by t²(3 − 2t): its speed is 0 at both ends and at most 1.5 times the
    /// mean. At 1 the fade is over.
    pub(super) fn advance(&mut self, duration: f64, now: f64) -> f64 {
        let Some(start) = self.start else { return 1.0 };
        let t = (now - start) / duration;
        if duration > 0.0 && t < 1.0 {
            return t * t * (3.0 - 2.0 * t);
        }
        self.start = None;
        1.0
    }
}
