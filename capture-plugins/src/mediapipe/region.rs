//! Rotated rectangles of a picture, where the networks look.

use std::f64::consts::{PI, TAU};

/// A rotated rectangle in a picture's own units: 1 is its width horizontally and its height vertically.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Region {
    /// Its centre, 0 to 1 from left to right.
    pub x: f64,
    /// Its centre, 0 to 1 from top to bottom.
    pub y: f64,
    /// Its width before rotation.
    pub width: f64,
    /// Its height before rotation.
    pub height: f64,
    /// Its rotation in radians, clockwise on the screen, -pi to pi.
    pub rotation: f64,
}

/// A rotated rectangle in pixels.
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

    /// The intersection over union with another region, ignoring rotation (`TRACKER.md` §5).
    pub(crate) fn overlap(&self, other: &Self) -> f64 {
        overlap(self.corners(), other.corners())
    }

    /// Left, top, right and bottom, ignoring rotation.
    fn corners(&self) -> [f64; 4] {
        let (half_width, half_height) = (self.width / 2.0, self.height / 2.0);
        [self.x - half_width, self.y - half_height, self.x + half_width, self.y + half_height]
    }
}

impl PixelRegion {
    /// The point at (`u`, `v`) of the region, each 0 to 1, in the picture's pixels.
    pub(crate) fn point(&self, u: f64, v: f64) -> [f64; 2] {
        let (a, b) = ((u - 0.5) * self.width, (v - 0.5) * self.height);
        [self.x + a * self.cos - b * self.sin, self.y + a * self.sin + b * self.cos]
    }
}

/// The intersection over union of two boxes given as left, top, right, bottom; 0 if both are empty.
pub(crate) fn overlap(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area = |[left, top, right, bottom]: [f64; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
    let common = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let union = area(a) + area(b) - common;
    if union > 0.0 { common / union } else { 0.0 }
}

/// The rotation, -pi to pi, of a face whose eyes are at `left` and `right` as seen in the picture, in pixels.
pub(crate) fn rotation_of_eyes(left: [f64; 2], right: [f64; 2]) -> f64 {
    let angle = -f64::atan2(-(right[1] - left[1]), right[0] - left[0]);
    angle - TAU * ((angle + PI) / TAU).floor()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_intersection_over_union() {
        let unit = Region { x: 0.5, y: 0.5, width: 1.0, height: 1.0, rotation: 0.3 };
        assert_eq!(unit.overlap(&unit), 1.0);
        assert!((unit.overlap(&Region { x: 1.0, ..unit }) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(unit.overlap(&Region { x: 2.0, ..unit }), 0.0);
        assert_eq!(unit.overlap(&Region { width: 0.0, ..unit }), 0.0);
    }

    #[test]
    fn the_rotation_follows_the_line_of_the_eyes() {
        assert_eq!(rotation_of_eyes([1.0, 2.0], [5.0, 2.0]), 0.0);
        assert!((rotation_of_eyes([2.0, 1.0], [2.0, 5.0]) - PI / 2.0).abs() < 1e-12);
        assert!((rotation_of_eyes([5.0, 2.0], [1.0, 2.0]) + PI).abs() < 1e-12, "half a turn is -pi");
    }

    #[test]
    fn a_corner_is_rotated_with_its_region() {
        let region = Region { x: 0.5, y: 0.5, width: 0.5, height: 0.25, rotation: PI / 2.0 };
        let [x, y] = region.in_pixels([200.0, 400.0]).point(0.0, 0.0);
        assert!((x - 150.0).abs() < 1e-9 && (y - 150.0).abs() < 1e-9, "{x} {y}");
    }
}
