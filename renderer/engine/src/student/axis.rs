//! Where the points of one grid fall between the points of another, along one axis.

/// For each destination point, its place between two source points.
///
/// Half-pixel centres and clamped edges, as PyTorch's bilinear interpolation without `align_corners`
/// (`core/spec/student.md`): `source = (i + 0.5) * from / to - 0.5`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    /// For each destination point.
    pub(crate) places: Vec<Place>,
    /// Number of source points.
    pub(crate) from: usize,
}

/// A place between two source points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// Index of the source point at or before.
    pub(crate) lower: usize,
    /// Index of the source point after; equal to `lower` at the edge.
    pub(crate) upper: usize,
    /// Weight of the source point after, in [0, 1].
    pub(crate) fraction: f32,
}

impl Axis {
    /// Maps `to` destination points onto `from` source points.
    pub(crate) fn new(from: usize, to: usize) -> Self {
        let place = |i: usize| {
            let place = ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, (from - 1) as f64);
            Place { lower: place as usize, upper: (place as usize + 1).min(from - 1), fraction: place.fract() as f32 }
        };
        Self { places: (0..to).map(place).collect(), from }
    }

    /// Whether every source point becomes exactly two: then all weights are 1/4 and 3/4.
    pub(crate) fn is_doubling(&self) -> bool {
        self.places.len() == 2 * self.from
    }
}

/// The centre of pixel `index` of `count`, in [-1, 1].
pub(crate) fn position(index: usize, count: usize) -> f32 {
    ((2 * index + 1) as f64 / count as f64 - 1.0) as f32
}
