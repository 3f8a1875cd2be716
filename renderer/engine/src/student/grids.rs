//! The positions at which a student is evaluated.

use crate::{Quality, View};
use bunraku_core::character::IMAGE_SIZE;

/// A student is a continuous function of position: fewer positions are less work. All grids are square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grids {
    /// Points along an edge of the three levels' grids.
    pub(crate) levels: [usize; 3],
    /// Edge of the output in pixels.
    pub(crate) size: usize,
    /// Points along each edge of an output pixel at which the warp samples the picture; their mean is the pixel. More
    /// than one where the output is smaller than the 512 picture, which would alias otherwise.
    pub(crate) samples: usize,
    /// Whether an engine may skip positions of the upper two levels where a coarse look finds nothing.
    pub(crate) skip_background: bool,
}

impl Grids {
    /// The grids of a view.
    pub(crate) fn new(view: View) -> Self {
        let View { size, quality } = View::new(view.size, view.quality);
        let levels = match quality {
            Quality::Full | Quality::High => [128, 256, size],
            Quality::Fast => [96, 192, (3 * size).div_ceil(4)],
        };
        Self { levels, size, samples: IMAGE_SIZE.div_ceil(size), skip_background: quality != Quality::Full }
    }
}
