//! Where the points of one grid fall between the points of another, along one axis.

/// For each destination point: the two source points it lies between, and how far along.
///
/// Half-pixel centres and clamped edges, as PyTorch's bilinear interpolation without `align_corners`
/// (`core/spec/student.md`): `source = (i + 0.5) * from / to - 0.5`.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Index of the source point at or before.
    pub lower: Vec<usize>,
    /// Index of the source point after; equal to `lower` at the edge.
    pub upper: Vec<usize>,
    /// Weight of the source point after, in [0, 1].
    pub fraction: Vec<f32>,
    /// Number of source points.
    pub from: usize,
}

impl Axis {
    /// Maps `to` destination points onto `from` source points.
    pub fn new(from: usize, to: usize) -> Self {
        let place = |i: usize| ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, (from - 1) as f64);
        Self {
            lower: (0..to).map(|i| place(i) as usize).collect(),
            upper: (0..to).map(|i| (place(i) as usize + 1).min(from - 1)).collect(),
            fraction: (0..to).map(|i| place(i).fract() as f32).collect(),
            from,
        }
    }

    /// Whether every source point becomes exactly two: then all weights are 1/4 and 3/4.
    pub fn is_doubling(&self) -> bool {
        self.lower.len() == 2 * self.from
    }

    /// Whether both grids are the same.
    pub fn is_identity(&self) -> bool {
        self.lower.len() == self.from
    }
}

/// The centre of pixel `index` of `count`, in [-1, 1].
pub fn position(index: usize, count: usize) -> f32 {
    ((2 * index + 1) as f64 / count as f64 - 1.0) as f32
}
