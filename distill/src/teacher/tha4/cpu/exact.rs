//! Convolutions summed in double precision: many times slower than [`Conv`](super::conv::Conv), for a network that runs
//! once a picture and whose rounding errors the later networks would amplify.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    map::{Buffer, Map},
    pool::Engine,
};

/// Output channels summed together.
const BLOCK: usize = 8;

/// Pixels summed together.
const PIXELS: usize = 4;

/// The weights of a convolution of stride 1.
pub(super) struct ExactConv {
    /// Edge of the filters, 1 or 3.
    edge: usize,
    inputs: usize,
    outputs: usize,
    /// `[blocks][edge²][inputs][BLOCK]`.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl ExactConv {
    /// From weights `[outputs, inputs, edge, edge]`.
    pub(super) fn new(weights: &[f32], bias: &[f32], outputs: usize, edge: usize) -> Self {
        let (taps, blocks) = (edge * edge, outputs.div_ceil(BLOCK));
        let inputs = weights.len() / outputs / taps;
        let mut packed = vec![0.0; blocks * taps * inputs * BLOCK];
        for (index, filter) in weights.chunks_exact(taps).enumerate() {
            let (output, input) = (index / inputs, index % inputs);
            for (tap, &weight) in filter.iter().enumerate() {
                let at = (output / BLOCK * taps + tap) * inputs + input;
                packed[at * BLOCK + output % BLOCK] = weight;
            }
        }
        Self { edge, inputs, outputs, weights: packed, bias: bias.to_vec() }
    }

    /// Of a map, added to another.
    pub(super) fn apply(&self, engine: &Engine, x: &Map, onto: Option<&Map>) -> Buffer {
        debug_assert_eq!(x.channel_count(), self.inputs);
        let mut out = Buffer::new(engine, self.outputs, x.extent());
        let row = out.width * self.outputs;
        out.values.par_chunks_mut(row).enumerate().for_each(|(y, out)| {
            engine.arch.dispatch(Row { conv: self, x, onto, y, out });
        });
        out
    }
}

/// A row of the output.
struct Row<'a> {
    conv: &'a ExactConv,
    x: &'a Map,
    onto: Option<&'a Map>,
    y: usize,
    out: &'a mut [f32],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { conv, x, onto, y, out } = self;
        let &ExactConv { edge, inputs, outputs, .. } = conv;
        match onto {
            Some(onto) => onto.read(y.cast_signed(), 0, out, outputs),
            None => out.fill(0.0),
        }
        let pad = edge / 2;
        // Room for whole groups of pixels.
        let width = (out.len() / outputs).next_multiple_of(PIXELS) + 2 * pad;
        let mut strip = x.engine.pool.lend(edge * width * inputs);
        for (i, line) in strip.chunks_exact_mut(width * inputs).enumerate() {
            x.read((y + i).cast_signed() - pad.cast_signed(), -pad.cast_signed(), line, inputs);
        }
        for (block, weights) in conv.weights.chunks_exact(edge * edge * inputs * BLOCK).enumerate() {
            for (group, out) in out.chunks_mut(PIXELS * outputs).enumerate() {
                let sums = conv.sums(weights, &strip, width, group * PIXELS);
                for (out, sums) in out.chunks_exact_mut(outputs).zip(sums) {
                    let channels = out[block * BLOCK..].iter_mut().zip(&conv.bias[block * BLOCK..]).zip(sums);
                    channels.for_each(|((out, &bias), sum)| *out = (f64::from(*out) + f64::from(bias) + sum) as f32);
                }
            }
        }
    }
}

impl ExactConv {
    /// A block's sums at the pixels from column `first` on.
    #[inline(always)]
    fn sums(&self, weights: &[f32], strip: &[f32], width: usize, first: usize) -> [[f64; BLOCK]; PIXELS] {
        let mut sums = [[0.0; BLOCK]; PIXELS];
        for (tap, weights) in weights.chunks_exact(self.inputs * BLOCK).enumerate() {
            let at = (tap / self.edge * width + first + tap % self.edge) * self.inputs;
            let mut pixels: [&[f32]; PIXELS] = [&[]; PIXELS];
            for (index, pixel) in pixels.iter_mut().enumerate() {
                *pixel = &strip[at + index * self.inputs..][..self.inputs];
            }
            for (input, weights) in weights.as_chunks::<BLOCK>().0.iter().enumerate() {
                for (sums, pixel) in sums.iter_mut().zip(pixels) {
                    let value = f64::from(pixel[input]);
                    for (sum, &weight) in sums.iter_mut().zip(weights) {
                        *sum += value * f64::from(weight);
                    }
                }
            }
        }
        sums
    }
}
