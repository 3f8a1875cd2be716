//! Turning eyes and head towards a point of the window.
//!
//! Directions are the viewer's: `x` from -1 (left) to 1 (right), `y` from -1 (down) to 1 (up). The viewer's right is the
//! puppet's left.

use bunraku_core::sample::{Blendshape, FaceSample};

/// The look blendshapes' value at the edge of the window, where the iris reaches its limit (`core/spec/face-to-pose.md`,
/// factor 1/0.75).
const FULL_GAZE: f64 = 0.75;

/// The head's rotation at the edge of the window, in degrees about x and y; the pose saturates at 15 and 10.
const FULL_TURN_DEG: [f64; 2] = [12.0, 9.0];

/// Turns the eyes towards `[x, y]`.
pub(crate) fn turn_eyes(sample: &mut FaceSample, [x, y]: [f64; 2]) {
    use Blendshape as B;
    let parts = |value: f64| [value.max(0.0) * FULL_GAZE, (-value).max(0.0) * FULL_GAZE];
    let ([right, left], [up, down]) = (parts(x), parts(y));
    let shapes = [
        (B::EyeLookOutLeft, right),
        (B::EyeLookInRight, right),
        (B::EyeLookInLeft, left),
        (B::EyeLookOutRight, left),
        (B::EyeLookUpLeft, up),
        (B::EyeLookUpRight, up),
        (B::EyeLookDownLeft, down),
        (B::EyeLookDownRight, down),
    ];
    for (shape, value) in shapes {
        sample[shape] = value;
    }
}

/// Turns the head towards `[x, y]`, on top of its present rotation.
pub(crate) fn turn_head(sample: &mut FaceSample, [x, y]: [f64; 2]) {
    // The profile's signs: head_x = -x/15 (up is positive), head_y = -y/10 (the viewer's left is positive).
    sample.head.rotation_deg[0] -= y * FULL_TURN_DEG[0];
    sample.head.rotation_deg[1] += x * FULL_TURN_DEG[1];
}

/// Head and eyes following a pointer; the eyes arrive first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steering {
    eyes: [Spring; 2],
    head: [Spring; 2],
    attention: Spring,
}

impl Default for Steering {
    fn default() -> Self {
        Self { eyes: [Spring::new(0.04); 2], head: [Spring::new(0.12); 2], attention: Spring::new(0.15) }
    }
}

impl Steering {
    /// Advances by `seconds` towards the pointer, or back to rest while there is none.
    pub(crate) fn advance(&mut self, pointer: Option<[f32; 2]>, seconds: f64) {
        let target = pointer.unwrap_or_default().map(f64::from);
        for (axis, target) in target.into_iter().enumerate() {
            self.eyes[axis].advance(target, seconds);
            self.head[axis].advance(target, seconds);
        }
        self.attention.advance(if pointer.is_some() { 1.0 } else { 0.0 }, seconds);
    }

    /// Where the eyes look, `[x, y]`.
    pub(crate) fn eyes(&self) -> [f64; 2] {
        self.eyes.map(|spring| spring.position)
    }

    /// Where the head points, `[x, y]`.
    pub(crate) fn head(&self) -> [f64; 2] {
        self.head.map(|spring| spring.position)
    }

    /// How much the puppet attends to the pointer, 0 to 1.
    pub(crate) fn attention(&self) -> f64 {
        self.attention.position.clamp(0.0, 1.0)
    }
}

/// A critically damped spring: it reaches its target as fast as possible without overshooting.
#[derive(Clone, Copy, Debug)]
struct Spring {
    seconds: f64,
    position: f64,
    speed: f64,
}

impl Spring {
    fn new(seconds: f64) -> Self {
        Self { seconds, position: 0.0, speed: 0.0 }
    }

    /// Advances by the exact solution of x'' = -2x'/τ - (x - target)/τ², which is stable for any step.
    fn advance(&mut self, target: f64, step: f64) {
        let rate = 1.0 / self.seconds;
        let away = self.position - target;
        let pull = (self.speed + rate * away) * step;
        let decay = (-rate * step).exp();
        self.position = target + (away + pull) * decay;
        self.speed = (self.speed - rate * pull) * decay;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steering_reaches_the_pointer_without_overshooting_and_returns() {
        let mut steering = Steering::default();
        for _ in 0..120 {
            let [x, y] = steering.head();
            steering.advance(Some([1.0, -0.5]), 1.0 / 60.0);
            let [next_x, next_y] = steering.head();
            assert!(next_x >= x && next_x <= 1.0 && next_y <= y && next_y >= -0.5);
        }
        assert!((steering.head()[0] - 1.0).abs() < 1e-3 && (steering.attention() - 1.0).abs() < 1e-3);
        steering.advance(None, 1e6);
        assert!(steering.head()[0].abs() < 1e-9 && steering.attention() < 1e-9);
    }

    #[test]
    fn the_viewers_right_is_the_puppets_left() {
        let mut sample = FaceSample::default();
        turn_eyes(&mut sample, [1.0, 1.0]);
        turn_head(&mut sample, [1.0, 1.0]);
        assert_eq!(sample[Blendshape::EyeLookOutLeft], FULL_GAZE);
        assert_eq!(sample[Blendshape::EyeLookInRight], FULL_GAZE);
        assert_eq!(sample[Blendshape::EyeLookOutRight], 0.0);
        assert_eq!(sample[Blendshape::EyeLookUpLeft], FULL_GAZE);
        assert_eq!(sample.head.rotation_deg, [-12.0, 9.0, 0.0]);
    }
}
