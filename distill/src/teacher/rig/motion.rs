//! 2.5D rotation: maps a place in the posed picture back to the resting layers.
//!
//! Head and body are rounded solids seen from the front, with each layer at its own depth. Everything is a smooth
//! function of the place, and every step maps backwards, from the posed picture to the resting one, so that it can be
//! sampled without holes. Directions follow THA4: +1 of `head_x` looks up, of `head_y` and `body_y` to the picture's
//! left, and of `neck_z` and `body_z` leans the top to the picture's left.

use super::{layer::Follows, raster::Bounds};
use bunraku_core::{
    character::IMAGE_SIZE,
    pose::{Parameter, Pose},
};
use std::ops::Range;

/// The middle of the head in picture units (a THA4 character's head fills 192..320 by 64..192).
const HEAD: [f32; 2] = [256.0, 136.0];

/// The head's radius: a layer of depth 1 lies this far in front of its axis.
const HEAD_RADIUS: f32 = 56.0;

/// The distance at which the head's roundness ends.
const HEAD_EXTENT: f32 = 96.0;

/// The pivot of the neck.
const NECK: [f32; 2] = [256.0, 210.0];

/// The neck's depth in front of the head's axis, in head radii.
const NECK_DEPTH: f32 = 0.1;

/// The pivot of the body.
const HIP: [f32; 2] = [256.0, 500.0];

/// Half the body's width, and its bulge.
const BODY: [f32; 2] = [110.0, 26.0];

/// Rotations at the ends of the ranges in degrees, chosen for drawn layers. The iFacialMocap converter
/// (`core/spec/face-to-pose.md`) assumes the same for THA4's `head_x` and `neck_z`, but 10 for `head_y` and 15 for
/// `body_z`.
const HEAD_X: f32 = 15.0;
const HEAD_Y: f32 = 15.0;
const NECK_Z: f32 = 15.0;
const BODY_Y: f32 = 10.0;
const BODY_Z: f32 = 6.0;

/// The lift of the shoulders by a full breath, in picture units.
const BREATH: f32 = 2.0;

/// The rotations of a pose, prepared for mapping places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Motion {
    sin_x: f32,
    per_cos_x: f32,
    sin_y: f32,
    per_cos_y: f32,
    neck: f32,
    body_y: f32,
    body_z: f32,
    breath: f32,
}

/// A value for each column.
pub(super) type Row = [f32; IMAGE_SIZE];

/// A place of the posed picture mapped back, as far as that is the same for layers of all depths.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Without the body's motion: where body layers are sampled, apart from their depth.
    body: [f32; 2],
    /// Also without the head's lean, relative to [`HEAD`].
    head: [f32; 2],
    /// The same for the neck, which leans only at its upper end.
    neck: [f32; 2],
    /// The weight of the head's rotation at that height, for the head's layers and for the neck's.
    weights: [f32; 2],
    /// The distance in front of the axis of a layer of depth 1.
    radius: f32,
}

/// The places of a row as one array per value, so that several columns are computed at once.
#[derive(Debug)]
pub(super) struct Places {
    body: [Row; 2],
    head: [Row; 2],
    neck: [Row; 2],
    weights: [Row; 2],
    radius: Row,
}

impl Default for Places {
    fn default() -> Self {
        const ROW: Row = [0.0; IMAGE_SIZE];
        Self { body: [ROW; 2], head: [ROW; 2], neck: [ROW; 2], weights: [ROW; 2], radius: ROW }
    }
}

impl Motion {
    /// The rotations of a pose.
    pub(super) fn new(pose: &Pose) -> Self {
        let angle = |parameter: Parameter, degrees: f32| (pose.0[parameter.index()] * degrees).to_radians();
        let ((sin_x, cos_x), (sin_y, cos_y)) =
            (angle(Parameter::HeadX, HEAD_X).sin_cos(), angle(Parameter::HeadY, HEAD_Y).sin_cos());
        Self {
            sin_x,
            per_cos_x: 1.0 / cos_x,
            sin_y,
            per_cos_y: 1.0 / cos_y,
            neck: angle(Parameter::NeckZ, NECK_Z),
            body_y: angle(Parameter::BodyY, BODY_Y).sin(),
            body_z: angle(Parameter::BodyZ, BODY_Z),
            breath: pose.0[Parameter::Breathing.index()],
        }
    }

    /// Maps a place back as far as it does not depend on a layer's depth.
    #[inline(always)]
    fn place(&self, x: f32, y: f32) -> Place {
        let body = self.upright(x, y);
        let weights = [1.0 - 0.6 * smooth(196.0, 300.0, body[1]), 1.0 - smooth(178.0, 234.0, body[1])];
        let [head, neck] = weights.map(|weight| {
            let [x, y] = around(NECK, body, self.neck * weight);
            [x - HEAD[0], y - HEAD[1]]
        });
        let away = (head[0] * head[0] + head[1] * head[1]) / (HEAD_EXTENT * HEAD_EXTENT);
        let radius = HEAD_RADIUS * (0.55 + 0.45 * (1.0 - away.min(1.0)).sqrt());
        Place { body, head, neck, weights, radius }
    }

    /// Removes the body's lean, breath and rotation from a place.
    fn upright(&self, x: f32, y: f32) -> [f32; 2] {
        let [x, y] = around(HIP, [x, y], self.body_z * (1.0 - smooth(330.0, HIP[1], y)));
        let y = y + self.breath * BREATH * (1.0 - smooth(250.0, 430.0, y));
        let chest = self.breath * 0.01 * bump(230.0, 300.0, 400.0, y);
        let across = ((x - HIP[0]) / BODY[0]).clamp(-1.0, 1.0);
        let bulge = (1.0 - across * across).sqrt() * (1.0 - smooth(300.0, HIP[1], y));
        [HIP[0] + (x - HIP[0]) / (1.0 + chest) + self.body_y * BODY[1] * bulge, y]
    }

    /// Where a layer is sampled for a place.
    #[inline(always)]
    fn source(&self, place: &Place, follows: Follows, depth: f32) -> [f32; 2] {
        match follows {
            Follows::Body => [place.body[0] + self.body_y * BODY[1] * depth, place.body[1]],
            Follows::Neck => self.turn(place.neck, NECK_DEPTH * place.radius, place.weights[1]),
            Follows::Head => self.turn(place.head, depth * place.radius, place.weights[0]),
        }
    }

    /// Removes the head's rotation, weighted by `weight`, from a place `z` in front of its axis.
    fn turn(&self, [u, v]: [f32; 2], z: f32, weight: f32) -> [f32; 2] {
        let [x, y] = [(u + z * self.sin_y) * self.per_cos_y, (v + z * self.sin_x) * self.per_cos_x];
        [HEAD[0] + u + (x - u) * weight, HEAD[1] + v + (y - v) * weight]
    }

    /// The places of the pixels `columns` of row `y`.
    pub(super) fn places(&self, columns: &Range<usize>, y: usize, out: &mut Places) {
        let y = y as f32 + 0.5;
        for at in 0..columns.len().min(IMAGE_SIZE) {
            let place = self.place((columns.start + at) as f32 + 0.5, y);
            for axis in 0..2 {
                out.body[axis][at] = place.body[axis];
                out.head[axis][at] = place.head[axis];
                out.neck[axis][at] = place.neck[axis];
                out.weights[axis][at] = place.weights[axis];
            }
            out.radius[at] = place.radius;
        }
    }

    /// Where a layer is sampled for the `columns` of a row, counted as in `places`.
    pub(super) fn sources(
        &self,
        places: &Places,
        follows: Follows,
        depth: f32,
        columns: Range<usize>,
        out: &mut [Row; 2],
    ) {
        for at in columns.start..columns.end.min(IMAGE_SIZE) {
            let both = |rows: &[Row; 2]| [rows[0][at], rows[1][at]];
            let place = Place {
                body: both(&places.body),
                head: both(&places.head),
                neck: both(&places.neck),
                weights: both(&places.weights),
                radius: places.radius[at],
            };
            [out[0][at], out[1][at]] = self.source(&place, follows, depth);
        }
    }

    /// The part of the picture where a layer within `bounds` can be visible.
    ///
    /// The motion is smooth: between the sampled places it bends by less than the margin (a test looks at all places).
    pub(super) fn seen(&self, bounds: Bounds, follows: Follows, depth: f32) -> Bounds {
        const STEP: usize = 16;
        const MARGIN: f32 = 3.0;
        let (mut least, mut most) = ([f32::MAX; 2], [f32::MIN; 2]);
        for row in (0..=IMAGE_SIZE).step_by(STEP) {
            for column in (0..=IMAGE_SIZE).step_by(STEP) {
                let at = [column as f32, row as f32];
                let source = self.source(&self.place(at[0], at[1]), follows, depth);
                for axis in 0..2 {
                    least[axis] = least[axis].min(source[axis] - at[axis]);
                    most[axis] = most[axis].max(source[axis] - at[axis]);
                }
            }
        }
        let Bounds { x0, y0, x1, y1 } = bounds;
        Bounds { x0: x0 - most[0], y0: y0 - most[1], x1: x1 - least[0], y1: y1 - least[1] }.grown(MARGIN)
    }
}

/// Undoes a lean of the picture's top to its left, by `angle` around a point.
///
/// It is called for every pixel; leans stay under 0.3 radians, where these series are exact to 1e-6.
fn around(middle: [f32; 2], [x, y]: [f32; 2], angle: f32) -> [f32; 2] {
    let square = angle * angle;
    let sin = angle * (1.0 - square * (1.0 / 6.0 - square / 120.0));
    let cos = 1.0 - square * (0.5 - square / 24.0);
    let (u, v) = (x - middle[0], y - middle[1]);
    [middle[0] + u * cos - v * sin, middle[1] + u * sin + v * cos]
}

/// 0 up to `from`, 1 from `to`, smooth in between.
fn smooth(from: f32, to: f32, at: f32) -> f32 {
    let t = ((at - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// 0 at `from` and `to`, 1 at `top`.
fn bump(from: f32, top: f32, to: f32, at: f32) -> f32 {
    smooth(from, top, at) * (1.0 - smooth(top, to, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posed(parameter: Parameter, value: f32) -> Motion {
        let mut pose = Pose::default();
        pose.0[parameter.index()] = value;
        Motion::new(&pose)
    }

    /// The source of a place, relative to the place.
    fn shift(motion: &Motion, follows: Follows, depth: f32, at: [f32; 2]) -> [f32; 2] {
        let source = motion.source(&motion.place(at[0], at[1]), follows, depth);
        [source[0] - at[0], source[1] - at[1]]
    }

    #[test]
    fn nothing_moves_at_rest() {
        let rest = Motion::new(&Pose::default());
        for follows in [Follows::Head, Follows::Neck, Follows::Body] {
            let [x, y] = shift(&rest, follows, 0.7, [231.0, 160.0]);
            assert!(x.abs() < 1e-3 && y.abs() < 1e-3, "{x} {y}");
        }
    }

    #[test]
    fn the_nose_follows_the_head_and_the_back_hair_goes_the_other_way() {
        let nose = |parameter| shift(&posed(parameter, 1.0), Follows::Head, 0.8, [256.0, 150.0]);
        assert!(nose(Parameter::HeadY)[0] > 5.0, "seen at the left, it comes from the right");
        assert!(nose(Parameter::HeadX)[1] > 5.0, "looking up, it comes from below");
        assert!(shift(&posed(Parameter::HeadY, 1.0), Follows::Head, -0.5, [256.0, 150.0])[0] < -3.0);
        assert!(nose(Parameter::NeckZ)[0] > 5.0 && nose(Parameter::BodyZ)[0] > 5.0, "leaning left");
    }

    #[test]
    fn a_layer_is_visible_only_within_its_stated_bounds() {
        let bounds = Bounds { x0: 180.0, y0: 60.0, x1: 330.0, y1: 290.0 };
        for bits in 0..64u32 {
            let mut pose = Pose::default();
            let turns = [Parameter::HeadX, Parameter::HeadY, Parameter::NeckZ, Parameter::BodyY, Parameter::BodyZ];
            for (bit, turn) in turns.into_iter().enumerate() {
                pose[turn] = if bits >> bit & 1 == 0 { -1.0 } else { 1.0 };
            }
            pose[Parameter::Breathing] = (bits >> 5) as f32;
            let motion = Motion::new(&pose);
            for (follows, depth) in
                [(Follows::Head, -0.6), (Follows::Head, 0.9), (Follows::Neck, 0.0), (Follows::Body, 0.2)]
            {
                let seen = motion.seen(bounds, follows, depth);
                for (x, y) in (0..512 * 512).step_by(3).map(|i| ((i % 512) as f32 + 0.5, (i / 512) as f32 + 0.5)) {
                    let [u, v] = motion.source(&motion.place(x, y), follows, depth);
                    let shown = u > bounds.x0 && u < bounds.x1 && v > bounds.y0 && v < bounds.y1;
                    let inside = x > seen.x0 && x < seen.x1 && y > seen.y0 && y < seen.y1;
                    assert!(inside || !shown, "{pose:?} shows {u} {v} at {x} {y}");
                }
            }
        }
    }
}
