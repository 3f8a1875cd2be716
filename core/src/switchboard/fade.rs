//! The cross-fade from one source's pose to another's.

use crate::pose::Pose;

/// A fade from the pose that was shown when it began to wherever the live source is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fade {
    from: Pose,
    start: f64,
}

impl Fade {
    pub(super) const fn new(from: Pose, start: f64) -> Self {
        Self { from, start }
    }

    /// The pose on the way to `target`, or none when it has arrived.
    ///
    /// The way is eased by t²(3 − 2t), whose speed is 0 at both ends and at most 1.5 times the mean.
    pub(super) fn toward(&self, target: &Pose, duration: f64, now: f64) -> Option<Pose> {
        let t = (now - self.start) / duration;
        (duration > 0.0 && t < 1.0).then(|| self.from.lerp(target, (t * t * (3.0 - 2.0 * t)) as f32))
    }
}
