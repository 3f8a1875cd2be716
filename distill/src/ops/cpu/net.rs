//! A block's weights in the order in which the kernels read them, and the gradients they accumulate.

use super::product::{Panels, ROWS};
use bunraku_engine::aligned::Aligned;
use std::f64::consts::TAU;

/// ω in turns: folded into every layer with a sine after it.
pub(super) const TURNS: f32 = (super::super::OMEGA as f64 / TAU) as f32;

/// The widths of a block's layers. The weights lie in one flat list: the entry's position columns `[width, 2]`, each
/// hidden layer's weight `[outputs, inputs]` and bias, and the exit's weight and bias, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Widths {
    /// Outputs of the entry and of each hidden layer.
    pub(crate) sine: Vec<usize>,
    /// Outputs of the exit.
    pub(crate) exit: usize,
    /// Whether the exit has a bias.
    pub(crate) exit_bias: bool,
}

impl Widths {
    /// The largest width.
    pub(super) fn most(&self) -> usize {
        self.sine.iter().copied().fold(self.exit, usize::max)
    }

    /// Inputs and outputs of the hidden layers and the exit, and whether they have a bias.
    fn layers(&self) -> impl Iterator<Item = (usize, usize, bool)> {
        let hidden = self.sine.windows(2).map(|pair| (pair[0], pair[1], true));
        let last = self.sine.last().copied().unwrap_or(0);
        hidden.chain([(last, self.exit, self.exit_bias)])
    }
}

/// A hidden layer or the exit.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// For the features: `[inputs, outputs]`.
    pub(super) forward: Panels,
    /// For their gradient: `[outputs, inputs]`.
    pub(super) backward: Panels,
    /// Rounded up to whole vectors.
    pub(super) bias: Aligned,
}

/// A block's weights; turns are folded into all layers but the exit.
#[derive(Debug)]
pub(super) struct Net {
    /// Vectors of the entry.
    pub(super) vectors: usize,
    pub(super) width: usize,
    /// Weights of the position's x and y, whole vectors.
    pub(super) x: Aligned,
    pub(super) y: Aligned,
    pub(super) layers: Vec<Layer>,
}

impl Net {
    pub(super) fn new(lanes: usize, widths: &Widths, params: &[f32]) -> Self {
        let width = widths.sine[0];
        let (position, mut rest) = params.split_at(2 * width);
        let column = |index: usize| padded(lanes, position.iter().skip(index).step_by(2).map(|&w| w * TURNS));
        let count = widths.sine.len();
        let layer = |(index, (inputs, outputs, bias)): (usize, (usize, usize, bool))| {
            let fold = if index + 1 < count { TURNS } else { 1.0 };
            let (weight, after) = rest.split_at(inputs * outputs);
            let (values, after) = after.split_at(if bias { outputs } else { 0 });
            rest = after;
            let zeros = std::iter::repeat_n(0.0, outputs - values.len());
            Layer {
                inputs,
                outputs,
                forward: Panels::new(lanes, inputs, outputs, |i, o| weight[o * inputs + i] * fold),
                backward: Panels::new(lanes, outputs, inputs, |o, i| weight[o * inputs + i] * fold),
                bias: padded(lanes, values.iter().map(|&b| b * fold).chain(zeros)),
            }
        };
        let layers = widths.layers().enumerate().map(layer).collect();
        Self { vectors: width.div_ceil(lanes), width, x: column(0), y: column(1), layers }
    }
}

/// An entry's bias in turns.
pub(super) fn fold_bias(lanes: usize, bias: &[f32]) -> Aligned {
    padded(lanes, bias.iter().map(|&b| b * TURNS))
}

fn padded(lanes: usize, values: impl Iterator<Item = f32>) -> Aligned {
    let values = values.collect::<Vec<_>>();
    let mut aligned = Aligned::new(values.len().next_multiple_of(lanes));
    aligned[..values.len()].copy_from_slice(&values);
    aligned
}

/// The gradient sums of one layer.
#[derive(Debug)]
pub(super) struct LayerGradient {
    /// `[outputs rounded up to ROWS, inputs rounded up to vectors]`.
    pub(super) weight: Aligned,
    /// Whole vectors.
    pub(super) bias: Aligned,
}

/// The gradient sums of a block, in the kernels' units (turns).
#[derive(Debug)]
pub(super) struct Gradient {
    lanes: usize,
    pub(super) x: Aligned,
    pub(super) y: Aligned,
    /// Of each example's entry bias.
    pub(super) bias: Vec<Aligned>,
    pub(super) layers: Vec<LayerGradient>,
}

impl Gradient {
    pub(super) fn new(lanes: usize, net: &Net, examples: usize) -> Self {
        let whole = |count: usize| count.next_multiple_of(lanes);
        let entry = || Aligned::new(whole(net.width));
        let layer = |layer: &Layer| LayerGradient {
            weight: Aligned::new(layer.outputs.next_multiple_of(ROWS) * whole(layer.inputs)),
            bias: Aligned::new(whole(layer.outputs)),
        };
        Self {
            lanes,
            x: entry(),
            y: entry(),
            bias: (0..examples).map(|_| entry()).collect(),
            layers: net.layers.iter().map(layer).collect(),
        }
    }

    /// Adds another's sums.
    pub(super) fn add(&mut self, other: &Self) {
        let add = |to: &mut Aligned, from: &Aligned| to.iter_mut().zip(from.iter()).for_each(|(to, from)| *to += from);
        add(&mut self.x, &other.x);
        add(&mut self.y, &other.y);
        self.bias.iter_mut().zip(&other.bias).for_each(|(to, from)| add(to, from));
        for (to, from) in self.layers.iter_mut().zip(&other.layers) {
            add(&mut to.weight, &from.weight);
            add(&mut to.bias, &from.bias);
        }
    }

    /// The gradient of the flat weights, and of the examples' biases, `[n, width]`.
    pub(super) fn unfold(&self, widths: &Widths) -> (Vec<f32>, Vec<f32>) {
        let width = widths.sine[0];
        let mut params = Vec::new();
        params.extend(self.x[..width].iter().zip(&self.y[..width]).flat_map(|(x, y)| [x * TURNS, y * TURNS]));
        let count = widths.sine.len();
        for (index, ((inputs, outputs, bias), layer)) in widths.layers().zip(&self.layers).enumerate() {
            let fold = if index + 1 < count { TURNS } else { 1.0 };
            let stride = inputs.next_multiple_of(self.lanes);
            let rows = layer.weight.chunks_exact(stride).take(outputs);
            params.extend(rows.flat_map(|row| row[..inputs].iter().map(|w| w * fold)));
            params.extend(layer.bias[..if bias { outputs } else { 0 }].iter().map(|b| b * fold));
        }
        let bias = self.bias.iter().flat_map(|bias| bias[..width].iter().map(|b| b * TURNS)).collect();
        (params, bias)
    }
}
