//! Lazy feature maps: norms, activations and resampling are computed on reading, without a pass of their own over
//! memory.

use std::sync::{Arc, OnceLock};

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    moments::{self, Moments},
    pool::{Engine, Lent},
};

/// Numbers `[height, width, channels]`.
pub(super) struct Buffer {
    pub(super) values: Lent,
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    moments: OnceLock<Vec<Moments>>,
}

impl Buffer {
    /// A buffer with unspecified values.
    pub(super) fn new(engine: &Engine, channels: usize, [height, width]: [usize; 2]) -> Self {
        Self { values: engine.pool.lend(channels * height * width), channels, height, width, moments: OnceLock::new() }
    }

    /// Sets the known statistics of every channel.
    pub(super) fn set_moments(&mut self, moments: Vec<Moments>) {
        self.moments = moments.into();
    }

    /// Mean and deviation of every channel.
    pub(super) fn moments(&self) -> &[Moments] {
        self.moments.get_or_init(|| moments::of(&self.values, self.channels, self.width))
    }
}

/// A change of size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resample {
    No,
    Half,
    Double,
}

/// The activation of every number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    No,
    Relu,
    Silu,
}

/// `(x - centre) · scale + shift`, for every channel.
#[derive(Clone, Default)]
pub(super) struct Affines {
    pub(super) centres: Vec<f32>,
    pub(super) scales: Vec<f32>,
    pub(super) shifts: Vec<f32>,
}

/// One picture's features, `[1, channels, height, width]`: the channels of some buffers, one after the other, then the
/// affine map, the activation and the change of size.
#[derive(Clone)]
pub(in crate::teacher::tha4) struct Map {
    pub(super) engine: Engine,
    pub(super) sources: Vec<Arc<Buffer>>,
    pub(super) affines: Option<Arc<Affines>>,
    pub(super) activation: Activation,
    pub(super) resample: Resample,
}

impl Map {
    pub(super) fn new(engine: &Engine, buffer: Buffer) -> Self {
        let sources = vec![Arc::new(buffer)];
        Self { engine: engine.clone(), sources, affines: None, activation: Activation::No, resample: Resample::No }
    }

    pub(super) fn channel_count(&self) -> usize {
        self.sources.iter().map(|source| source.channels).sum()
    }

    /// Height and width.
    pub(super) fn extent(&self) -> [usize; 2] {
        let [height, width] = [self.sources[0].height, self.sources[0].width];
        match self.resample {
            Resample::No => [height, width],
            Resample::Half => [height / 2, width / 2],
            Resample::Double => [2 * height, 2 * width],
        }
    }

    /// The map as one buffer.
    pub(super) fn plain(&self) -> Arc<Buffer> {
        if self.is_plain() && self.sources.len() == 1 {
            return Arc::clone(&self.sources[0]);
        }
        let mut out = Buffer::new(&self.engine, self.channel_count(), self.extent());
        let row = out.width * out.channels;
        out.values.par_chunks_mut(row).enumerate().for_each(|(y, out)| {
            self.engine.arch.dispatch(ReadRow { map: self, y, out });
        });
        Arc::new(out)
    }

    /// The map as one buffer, if anything has to be computed.
    pub(super) fn settled(&self) -> Self {
        if self.is_plain() { self.clone() } else { Self { sources: vec![self.plain()], ..self.bare() } }
    }

    /// The bare buffers.
    fn bare(&self) -> Self {
        Self { affines: None, activation: Activation::No, resample: Resample::No, ..self.clone() }
    }

    /// Whether it is just its buffers.
    pub(super) fn is_plain(&self) -> bool {
        self.affines.is_none() && self.activation == Activation::No && self.resample == Resample::No
    }

    /// The pixels of row `y` from column `first` on, as many as fit into `out`, `stride` numbers each; pixels and
    /// channels outside the map are 0.
    #[inline(always)]
    pub(super) fn read(&self, y: isize, first: isize, out: &mut [f32], stride: usize) {
        let ([height, width], channels) = (self.extent(), self.channel_count());
        let count = out.len() / stride;
        if y < 0 || y >= height.cast_signed() {
            return out.fill(0.0);
        }
        let inside = |x: isize| (x - first).clamp(0, count.cast_signed()).cast_unsigned();
        let (from, to) = (inside(0), inside(width.cast_signed()));
        out[..from * stride].fill(0.0);
        out[to * stride..].fill(0.0);
        let x = (first + from.cast_signed()).cast_unsigned();
        let out = &mut out[from * stride..to * stride];
        if stride > channels {
            out.chunks_exact_mut(stride).for_each(|pixel| pixel[channels..].fill(0.0));
        }
        let y = y.cast_unsigned();
        let mut channel = 0;
        for source in &self.sources {
            match self.resample {
                Resample::No => self.copy(source, y, x, channel, out, stride),
                Resample::Half => self.halve(source, y, x, channel, out, stride),
                Resample::Double => self.double(source, y, x, channel, out, stride),
            }
            channel += source.channels;
        }
    }

    #[inline(always)]
    fn copy(&self, source: &Buffer, y: usize, x: usize, channel: usize, out: &mut [f32], stride: usize) {
        let c = source.channels;
        let row = &source.values[(y * source.width + x) * c..];
        for (out, pixel) in out.chunks_exact_mut(stride).zip(row.chunks_exact(c)) {
            self.activate(pixel, channel, &mut out[channel..][..c]);
        }
    }

    #[inline(always)]
    fn double(&self, source: &Buffer, y: usize, x: usize, channel: usize, out: &mut [f32], stride: usize) {
        let c = source.channels;
        for index in 0..out.len() / stride {
            let at = index * stride + channel;
            let x = x + index;
            if x % 2 == 1 && index > 0 {
                out.copy_within(at - stride..at - stride + c, at);
            } else {
                let pixel = &source.values[(y / 2 * source.width + x / 2) * c..][..c];
                self.activate(pixel, channel, &mut out[at..][..c]);
            }
        }
    }

    #[inline(always)]
    fn halve(&self, source: &Buffer, y: usize, x: usize, channel: usize, out: &mut [f32], stride: usize) {
        let c = source.channels;
        let mut pixel = vec![0.0; c];
        for (index, out) in out.chunks_exact_mut(stride).enumerate() {
            let out = &mut out[channel..][..c];
            out.fill(0.0);
            for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let at = ((2 * y + row) * source.width + 2 * (x + index) + column) * c;
                self.activate(&source.values[at..][..c], channel, &mut pixel);
                out.iter_mut().zip(&pixel).for_each(|(out, value)| *out += 0.25 * value);
            }
        }
    }

    /// A pixel's channels, of which the first is `channel` of this map.
    #[inline(always)]
    fn activate(&self, pixel: &[f32], channel: usize, out: &mut [f32]) {
        match (&self.affines, self.activation) {
            (None, Activation::No) => out.copy_from_slice(pixel),
            (None, Activation::Relu) => each(pixel, out, relu),
            (None, Activation::Silu) => each(pixel, out, silu),
            (Some(affines), Activation::No) => affines.each(channel, pixel, out, |x| x),
            (Some(affines), Activation::Relu) => affines.each(channel, pixel, out, relu),
            (Some(affines), Activation::Silu) => affines.each(channel, pixel, out, silu),
        }
    }
}

/// A whole row of a map.
struct ReadRow<'a> {
    map: &'a Map,
    y: usize,
    out: &'a mut [f32],
}

impl WithSimd for ReadRow<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.map.read(self.y.cast_signed(), 0, self.out, self.map.channel_count());
    }
}

#[inline(always)]
fn each(pixel: &[f32], out: &mut [f32], f: impl Fn(f32) -> f32) {
    for (out, &x) in out.iter_mut().zip(pixel) {
        *out = f(x);
    }
}

impl Affines {
    /// Of `n` channels that stay as they are.
    pub(super) fn identity(n: usize) -> Self {
        Self { centres: vec![0.0; n], scales: vec![1.0; n], shifts: vec![0.0; n] }
    }

    #[inline(always)]
    fn each(&self, channel: usize, pixel: &[f32], out: &mut [f32], f: impl Fn(f32) -> f32) {
        let n = pixel.len();
        let (centres, scales) = (&self.centres[channel..][..n], &self.scales[channel..][..n]);
        let (shifts, out) = (&self.shifts[channel..][..n], &mut out[..n]);
        for i in 0..n {
            out[i] = f((pixel[i] - centres[i]) * scales[i] + shifts[i]);
        }
    }
}

#[inline(always)]
fn relu(x: f32) -> f32 {
    x.max(0.0)
}

/// `x / (1 + exp(-x))`.
#[inline(always)]
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// `exp(x)` with a relative error below 3e-7; results beyond 2^±126 are held there. The integer part of `x / ln 2` goes
/// into the exponent, the rest, in [-1/2, 1/2], through its power series.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding it rounds to an integer, which is then in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let turns = (x * std::f32::consts::LOG2_E).clamp(-126.0, 126.0);
    let shifted = turns + ROUND;
    let rest = (turns - (shifted - ROUND)) * std::f32::consts::LN_2;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    let series = 1.0 / 720.0;
    let series = series * rest + 1.0 / 120.0;
    let series = series * rest + 1.0 / 24.0;
    let series = series * rest + 1.0 / 6.0;
    let series = series * rest + 0.5;
    let series = series * rest + 1.0;
    (series * rest + 1.0) * power
}
