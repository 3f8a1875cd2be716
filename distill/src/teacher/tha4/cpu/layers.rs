//! The layers on the CPU.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use bunraku_core::character::{Tensor, Weights};

use super::{
    conv::Conv,
    exact::ExactConv,
    map::{Activation, Affines, Buffer, Map, Resample, silu},
    moments::Moments,
    pool::Engine,
};
use crate::teacher::tha4::layers::Layers;

/// Added to variances, as in the original.
const EPSILON: f64 = 1e-5;

/// Maps up to this width are cut into tiles that need less memory for their weights.
const SMALL: usize = 24;

/// A module's weights. One picture at a time.
pub(in crate::teacher::tha4) struct CpuLayers {
    engine: Engine,
    keys: BTreeSet<String>,
    /// Norms, linear layers and biases; other weights until they are first used.
    tensors: Mutex<BTreeMap<String, Arc<Tensor>>>,
    convs: Mutex<BTreeMap<String, Arc<Ready>>>,
    exact: bool,
}

/// A convolution's weights, ready.
enum Ready {
    Fast(Conv),
    Exact(ExactConv),
}

/// The kinds of convolution.
#[derive(Clone, Copy)]
enum Kind {
    Same,
    Down,
    Up,
}

impl CpuLayers {
    /// From the weights of a module, checked before.
    pub(in crate::teacher::tha4) fn new(weights: Weights, engine: &Engine) -> Self {
        let keys = weights.0.keys().cloned().collect();
        let tensors = weights.0.into_iter().map(|(key, tensor)| (key, Arc::new(tensor))).collect();
        Self { engine: engine.clone(), keys, tensors: Mutex::new(tensors), convs: Mutex::default(), exact: false }
    }

    /// The same with convolutions summed in double precision.
    pub(in crate::teacher::tha4) fn exactly(self) -> Self {
        Self { exact: true, ..self }
    }

    fn tensor(&self, key: &str) -> Arc<Tensor> {
        Arc::clone(&self.tensors.lock().unwrap_or_else(PoisonError::into_inner)[key])
    }

    fn bias(&self, key: &str, count: usize) -> Vec<f32> {
        let key = format!("{key}.bias");
        if self.keys.contains(&key) { self.tensor(&key).values.clone() } else { vec![0.0; count] }
    }

    /// The weights of some convolutions side by side, prepared on first use and then kept instead of the tensors.
    fn ready(&self, keys: &[&str], kind: Kind, width: usize) -> Arc<Ready> {
        let mut convs = self.convs.lock().unwrap_or_else(PoisonError::into_inner);
        let name = keys.join(" ");
        if let Some(conv) = convs.get(&name) {
            return Arc::clone(conv);
        }
        let conv = Arc::new(self.prepare(keys, kind, width));
        let mut tensors = self.tensors.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            tensors.remove(&format!("{key}.weight"));
        }
        convs.insert(name, Arc::clone(&conv));
        conv
    }

    fn prepare(&self, keys: &[&str], kind: Kind, width: usize) -> Ready {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        let mut edge = if width <= SMALL { 4 } else { 6 };
        for key in keys {
            let tensor = self.tensor(&format!("{key}.weight"));
            match kind {
                Kind::Same => {
                    weights.extend_from_slice(&tensor.values);
                    bias.extend(self.bias(key, tensor.shape[0]));
                    if tensor.shape[2] == 1 {
                        edge = 1;
                    }
                }
                Kind::Down => {
                    weights.extend(down_weights(&tensor));
                    bias.extend(self.bias(key, tensor.shape[0]));
                }
                Kind::Up => {
                    weights.extend(up_weights(&tensor));
                    bias.extend(self.bias(key, tensor.shape[1]).repeat(4));
                }
            }
        }
        if self.exact {
            return Ready::Exact(ExactConv::new(&weights, &bias, bias.len(), edge.min(3)));
        }
        Ready::Fast(Conv::new(&weights, &bias, bias.len(), edge))
    }

    fn apply(&self, keys: &[&str], kind: Kind, x: &Map, onto: Option<&Map>) -> Map {
        let out = match &*self.ready(keys, kind, x.extent()[1]) {
            Ready::Fast(conv) => conv.apply(&self.engine, x, onto),
            Ready::Exact(conv) => conv.apply(&self.engine, x, onto),
        };
        Map::new(&self.engine, out)
    }

    /// Mean 0 and variance 1 in each of `groups` groups of channels, then the key's weight and bias a channel.
    fn norm(&self, key: &str, x: &Map, groups: usize) -> Map {
        let x = x.settled();
        let moments = x.sources.iter().flat_map(|source| source.moments()).copied().collect::<Vec<_>>();
        let (weight, bias) = (self.tensor(&format!("{key}.weight")), self.tensor(&format!("{key}.bias")));
        let mut affines = Affines::default();
        for (index, group) in moments.chunks(moments.len() / groups).enumerate() {
            let all = group.iter().fold(Moments::default(), |all, &channel| all.join(channel));
            let centre = all.mean as f32;
            let deviation = (all.squares / all.count + EPSILON).sqrt();
            for channel in index * group.len()..(index + 1) * group.len() {
                let scale = f64::from(weight.values[channel]) / deviation;
                let shift = f64::from(bias.values[channel]) + (f64::from(centre) - all.mean) * scale;
                affines.centres.push(centre);
                affines.scales.push(scale as f32);
                affines.shifts.push(shift as f32);
            }
        }
        Map { affines: Some(Arc::new(affines)), ..x }
    }
}

/// Row (or column) `k` of a 4 x 4 filter of stride 2 as a tap of three, and which of each two pixels it sees.
const DOWN_TAPS: [(usize, usize); 4] = [(0, 1), (1, 0), (1, 1), (2, 0)];

/// Row (or column) `k` of a transposed 4 x 4 filter as a tap of three, and which of each two pixels it makes.
const UP_TAPS: [(usize, usize); 4] = [(2, 1), (1, 0), (1, 1), (0, 0)];

/// `[out, in, 4, 4]` of stride 2 as `[out, 2 · 2 · in, 3, 3]` of stride 1 over [`Map::space_to_depth`].
fn down_weights(tensor: &Tensor) -> Vec<f32> {
    let inputs = tensor.shape[1];
    let mut weights = vec![0.0; tensor.values.len() / 16 * 36];
    for (index, filter) in tensor.values.chunks_exact(16).enumerate() {
        let (output, input) = (index / inputs, index % inputs);
        for (at, &value) in filter.iter().enumerate() {
            let ((row, below), (column, right)) = (DOWN_TAPS[at / 4], DOWN_TAPS[at % 4]);
            let input = (2 * below + right) * inputs + input;
            weights[(output * 4 * inputs + input) * 9 + 3 * row + column] = value;
        }
    }
    weights
}

/// Transposed `[in, out, 4, 4]` of stride 2 as `[2 · 2 · out, in, 3, 3]` of stride 1 before [`Map::depth_to_space`].
fn up_weights(tensor: &Tensor) -> Vec<f32> {
    let [inputs, outputs] = [tensor.shape[0], tensor.shape[1]];
    let mut weights = vec![0.0; tensor.values.len() / 16 * 36];
    for (index, filter) in tensor.values.chunks_exact(16).enumerate() {
        let (input, output) = (index / outputs, index % outputs);
        for (at, &value) in filter.iter().enumerate() {
            let ((row, below), (column, right)) = (UP_TAPS[at / 4], UP_TAPS[at % 4]);
            let output = (2 * below + right) * outputs + output;
            weights[(output * inputs + input) * 9 + 3 * row + column] = value;
        }
    }
    weights
}

impl Layers for CpuLayers {
    type Map = Map;
    type Vector = Vec<f32>;

    fn conv(&self, key: &str, x: &Map) -> Map {
        self.apply(&[key], Kind::Same, x, None)
    }

    fn conv_onto(&self, key: &str, x: &Map, onto: &Map) -> Map {
        self.apply(&[key], Kind::Same, x, Some(onto))
    }

    fn convs(&self, keys: &[&str], x: &Map) -> Map {
        self.apply(keys, Kind::Same, x, None)
    }

    fn conv_down(&self, key: &str, x: &Map) -> Map {
        self.apply(&[key], Kind::Down, &x.space_to_depth(), None)
    }

    fn conv_up(&self, key: &str, x: &Map) -> Map {
        self.apply(&[key], Kind::Up, x, None).depth_to_space()
    }

    fn instance_norm(&self, key: &str, x: &Map) -> Map {
        self.norm(key, x, x.channel_count())
    }

    fn group_norm(&self, key: &str, x: &Map) -> Map {
        self.norm(key, x, x.channel_count().min(32))
    }

    fn modulate(&self, x: &Map, modulation: &Self::Vector) -> Map {
        let free = x.activation == Activation::No && x.resample == Resample::No;
        let x = if free { x.clone() } else { x.settled() };
        let (scales, shifts) = modulation.split_at(modulation.len() / 2);
        let mut affines = x.affines.as_deref().cloned().unwrap_or_else(|| Affines::identity(scales.len()));
        for (channel, (scale, shift)) in scales.iter().zip(shifts).enumerate() {
            affines.scales[channel] *= 1.0 + scale;
            affines.shifts[channel] = affines.shifts[channel] * (1.0 + scale) + shift;
        }
        Map { affines: Some(Arc::new(affines)), ..x }
    }

    fn planes(&self, vector: &Self::Vector, like: &Map) -> Map {
        let mut out = Buffer::new(&self.engine, vector.len(), like.extent());
        out.values.chunks_exact_mut(vector.len()).for_each(|pixel| pixel.copy_from_slice(vector));
        Map::new(&self.engine, out)
    }

    fn picture(&self, planes: &[f32], channels: usize, size: [usize; 2]) -> Map {
        let mut out = Buffer::new(&self.engine, channels, size);
        for (channel, plane) in planes.chunks_exact(size[0] * size[1]).enumerate() {
            out.values.chunks_exact_mut(channels).zip(plane).for_each(|(pixel, &value)| pixel[channel] = value);
        }
        Map::new(&self.engine, out)
    }

    fn vector(&self, values: &[f32]) -> Self::Vector {
        values.to_vec()
    }

    fn part(&self, vector: &Self::Vector, range: Range<usize>) -> Self::Vector {
        vector[range].to_vec()
    }

    fn linear(&self, key: &str, vector: &Self::Vector) -> Self::Vector {
        let weight = self.tensor(&format!("{key}.weight"));
        let rows = weight.values.chunks_exact(vector.len());
        rows.zip(self.bias(key, weight.shape[0])).map(|(row, bias)| dot(row, vector) + bias).collect()
    }

    fn silu(&self, vector: &Self::Vector) -> Self::Vector {
        vector.iter().map(|&x| silu(x)).collect()
    }

    fn keys(&self) -> Vec<String> {
        self.keys.iter().cloned().collect()
    }

    fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }
}

/// In eight sums, to be computed eight numbers at a time.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}
