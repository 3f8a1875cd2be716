//! Rectangles of a picture, turned and of any size: where the networks look.

use std::f64::consts::{PI, TAU};

/// A turned rectangle, in a picture's own units: 1 is the width of the picture horizontally, its height vertically.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Region {
    /// Its centre, 0 to 1 from left to right.
    pub x: f64,
    /// Its centre, 0 to 1 from top to bottom.
    pub y: f64,
    /// Its extent along its own first axis, before it is turned.
    pub width: f64,
    /// Its extent along its own second axis, before it is turned.
    pub height: f64,
    /// Radians, clockwise as seen on the screen, -pi to pi.
    pub rotation: f64,
}

/// A turned rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PixelRegion {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) sin: f64,
    pub(crate) cos: f64,
}

impl Region {
    /// The region in a picture of `width` x `height` pixels.
    pub(crate) fn in_pixels(&self, [width, height]: [f64; 2]) -> PixelRegion {
        let (sin, cos) = self.rotation.sin_cos();
        PixelRegion {
            x: self.x * width,
            y: self.y * height,
            width: self.width * width,
            height: self.height * height,
            sin,
            cos,
        }
    }

    /// Intersection over union with another region, both taken as if they were not turned (`TRACKER.md` §5).
    pub(crate) fn overlap(&self, other: &Self) -> f64 {
        overlap(self.corners(), other.corners())
    }

    /// Left, top, right and bottom of the region as if it were not turned.
    fn corners(&self) -> [f64; 4] {
        let (half_width, half_height) = (self.width / 2.0, self.height / 2.0);
        [self.x - half_width, self.y - half_height, self.x + half_width, self.y + half_height]
    }
}

impl PixelRegion {
    /// The point at (`u`, `v`) of the region, each 0 to 1, in pixels of the picture.
    pub(crate) fn point(&self, u: f64, v: f64) -> [f64; 2] {
        let (a, b) = ((u - 0.5) * self.width, (v - 0.5) * self.height);
        [self.x + a * self.cos - b * self.sin, self.y + a * self.sin + b * self.cos]
    }
}

/// Intersection over union of two boxes given as left, top, right, bottom; 0 where either has no area.
pub(crate) fn overlap(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area = |[left, top, right, bottom]: [f64; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
    let common = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let union = area(a) + area(b) - common;
    if union > 0.0 { common / union } else { 0.0 }
}

/// The rotation of a face whose eyes, in pixels, are at `left` and `right` as seen in the picture: -pi to pi.
pub(crate) fn rotation_of_eyes(left: [f64; 2], right: [f64; 2]) -> f64 {
    let angle = -f64::atan2(-(right[1] - left[1]), right[0] - left[0]);
    angle - TAU * ((angle + PI) / TAU).floor()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_common_area_over_all_area() {
        let unit = Region { x: 0.5, y: 0.5, width: 1.0, height: 1.0, rotation: 0.3 };
        assert_eq!(unit.overlap(&unit), 1.0);
        assert!((unit.overlap(&Region { x: 1.0, ..unit }) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(unit.overlap(&Region { x: 2.0, ..unit }), 0.0);
        assert_eq!(unit.overlap(&Region { width: 0.0, ..unit }), 0.0);
    }

    #[test]
    fn level_eyes_are_no_rotation_and_a_fallen_head_is_a_quarter_turn() {
        assert_eq!(rotation_of_eyes([1.0, 2.0], [5.0, 2.0]), 0.0);
        assert!((rotation_of_eyes([2.0, 1.0], [2.0, 5.0]) - PI / 2.0).abs() < 1e-12);
        assert!((rotation_of_eyes([5.0, 2.0], [1.0, 2.0]) + PI).abs() < 1e-12, "half a turn is -pi");
    }

    #[test]
    fn a_regions_corner_is_where_its_rotation_puts_it() {
        let region = Region { x: 0.5, y: 0.5, width: 0.5, height: 0.25, rotation: PI / 2.0 };
        let [x, y] = region.in_pixels([200.0, 400.0]).point(0.0, 0.0);
        assert!((x - 150.0).abs() < 1e-9 && (y - 150.0).abs() < 1e-9, "{x} {y}");
    }
}
