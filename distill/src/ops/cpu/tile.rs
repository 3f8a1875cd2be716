//! A tile: some positions of a row that go through all of a block's layers and back while they are in the cache.

use super::{
    entry::{EntrySums, Line, Place, entry, entry_gradient},
    finish::{PlainFinish, SineFinish, SlopeFinish},
    net::{Gradient, Net},
    product::{ROWS, add_outer, product},
    row::{Row, rows},
};
use bunraku_engine::aligned::Aligned;
use pulp::Simd;

/// The most positions of a tile: its features and slopes should fit into the second-level cache.
pub(super) const fn positions(ld: usize) -> usize {
    if ld <= 208 { 128 } else { 64 }
}

/// A tile's features; each thread has one.
#[derive(Debug)]
pub(super) struct Tile<const LD: usize> {
    /// After each sine.
    features: Vec<Vec<Row<LD>>>,
    /// The sine's derivative by turns.
    slopes: Vec<Vec<Row<LD>>>,
    /// The exit's values, then their gradient.
    pub(super) exit: Vec<Row<LD>>,
    gradient: Vec<Row<LD>>,
    other: Vec<Row<LD>>,
}

impl<const LD: usize> Tile<LD> {
    pub(super) fn new(net: &Net) -> Self {
        let new = || rows(positions(LD));
        let sines = net.layers.len();
        Self {
            features: (0..sines).map(|_| new()).collect(),
            slopes: (0..sines).map(|_| new()).collect(),
            exit: new(),
            gradient: new(),
            other: new(),
        }
    }

    /// Computes the features of all sine layers; with `slopes`, also what [`backward`](Self::backward) needs.
    #[inline(always)]
    pub(super) fn features<S: Simd>(
        &mut self,
        simd: S,
        net: &Net,
        bias: &Aligned,
        line: Option<&Line<LD>>,
        place: Place,
        slopes: bool,
    ) {
        let count = place.count.next_multiple_of(ROWS);
        let own = if slopes { Some(&mut self.slopes[0][..]) } else { None };
        let mut finish = SineFinish { bias: None, features: &mut self.features[0], slopes: own };
        entry(simd, net, bias, line, place, &mut finish);
        let hidden = net.layers.len() - 1;
        for (index, layer) in net.layers[..hidden].iter().enumerate() {
            let (before, after) = self.features.split_at_mut(index + 1);
            let slopes = if slopes { Some(&mut self.slopes[index + 1][..]) } else { None };
            let mut finish = SineFinish { bias: Some(&layer.bias), features: &mut after[0], slopes };
            product(simd, &before[index][..count], &layer.forward, &mut finish);
        }
    }

    /// Computes `exit` from the features of `count` positions.
    #[inline(always)]
    pub(super) fn exit<S: Simd>(&mut self, simd: S, net: &Net, count: usize) {
        let last = net.layers.len() - 1;
        let mut finish = PlainFinish { bias: &net.layers[last].bias, to: &mut self.exit };
        let features = &self.features[last][..count.next_multiple_of(ROWS)];
        product(simd, features, &net.layers[last].forward, &mut finish);
    }

    /// Propagates the gradient in `exit` back and adds it to the sums.
    #[inline(always)]
    pub(super) fn backward<S: Simd>(
        &mut self,
        simd: S,
        net: &Net,
        line: Option<&mut Line<LD>>,
        place: Place,
        example: usize,
        sums: &mut Gradient,
    ) {
        let count = place.count.next_multiple_of(ROWS);
        // Padding positions do not count in the sums.
        self.exit[place.count..count].fill(Row::ZERO);
        for (index, layer) in net.layers.iter().enumerate().rev() {
            let from = if index + 1 == net.layers.len() { &self.exit } else { &self.gradient };
            let sum = &mut sums.layers[index];
            add_rows(simd, &from[..count], &mut sum.bias);
            let features = &self.features[index][..count];
            add_outer(simd, &from[..count], features, layer.outputs, layer.backward.vectors, &mut sum.weight);
            let mut finish = SlopeFinish { slopes: &self.slopes[index], to: &mut self.other };
            product(simd, &from[..count], &layer.backward, &mut finish);
            std::mem::swap(&mut self.gradient, &mut self.other);
        }
        let mut entry = EntrySums { x: &mut sums.x, y: &mut sums.y, bias: &mut sums.bias[example] };
        entry_gradient(simd, net.vectors, &self.gradient[..count], place, line, &mut entry);
    }
}

/// Adds each row to `sum`.
#[inline(always)]
fn add_rows<S: Simd, const LD: usize>(simd: S, rows: &[Row<LD>], sum: &mut [f32]) {
    for (v, to) in S::as_mut_simd_f32s(sum).0.iter_mut().enumerate() {
        for row in rows {
            *to = simd.add_f32s(*to, S::as_simd_f32s(&row.0).0[v]);
        }
    }
}
