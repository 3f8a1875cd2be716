//! Where the picture lies in the window: as large as fits, square, in the middle.

/// A square of `edge` pixels with its top left corner at `left`, `top`, on whole pixels of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) edge: u32,
}

impl Place {
    /// The place in a window of `width` by `height` pixels.
    pub(super) fn within(width: u32, height: u32) -> Self {
        let edge = width.min(height);
        Self { left: (width - edge) / 2, top: (height - edge) / 2, edge }
    }

    /// The window's pixel `[x, y]` relative to the picture: -1 to 1 from left to right and from bottom to top.
    pub(super) fn normalised(self, x: f64, y: f64) -> [f32; 2] {
        let half = f64::from(self.edge.max(1)) / 2.0;
        let [x, y] = [(x - f64::from(self.left)) / half - 1.0, 1.0 - (y - f64::from(self.top)) / half];
        [x as f32, y as f32]
    }
}

/// Samples along each edge of a window pixel on which `source` pixels of an image fall, so that nothing aliases.
pub(super) fn taps(source: u32, shown: u32) -> u32 {
    /// Beyond this the image is more than ten times the window.
    const MOST: u32 = 10;
    source.div_ceil(shown.max(1)).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_stays_square_and_in_the_middle() {
        assert_eq!(Place::within(512, 512), Place { left: 0, top: 0, edge: 512 });
        assert_eq!(Place::within(800, 512), Place { left: 144, top: 0, edge: 512 });
        assert_eq!(Place::within(300, 701), Place { left: 0, top: 200, edge: 300 });
        assert_eq!(Place::within(0, 701).edge, 0);
    }

    #[test]
    fn the_pointer_is_measured_on_the_picture() {
        let place = Place::within(800, 512);
        assert_eq!(place.normalised(144.0, 0.0), [-1.0, 1.0]);
        assert_eq!(place.normalised(656.0, 512.0), [1.0, -1.0]);
        assert_eq!(place.normalised(400.0, 256.0), [0.0, 0.0]);
    }

    #[test]
    fn shrinking_takes_more_samples() {
        assert_eq!([taps(512, 1024), taps(512, 512), taps(512, 511), taps(512, 128)], [1, 1, 2, 4]);
        assert_eq!(taps(4096, 1), 10);
    }
}
