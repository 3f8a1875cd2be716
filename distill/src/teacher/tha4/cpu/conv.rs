//! Convolutions of stride 1: tiles of a map to points, points times weights, products back to tiles.
//!
//! A 1 x 1 convolution is the same with one point and tiles of one pixel.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{
    gemm::{self, PANEL, Rows, STEP},
    map::{Buffer, Map},
    moments::{self, Moments},
    pool::Engine,
    winograd,
};

/// Weights of more bytes are read once for many rows of tiles; smaller ones stay in a core's own cache and are read for
/// a few tiles at a time.
const SMALL_WEIGHTS: usize = 1 << 20;

/// The numbers of a few tiles and their products: half of a core's own cache.
const SMALL_TILES: usize = 1 << 17;

/// The numbers of many tiles: a part of the shared cache.
const MANY_TILES: usize = 1 << 21;

/// The weights of a convolution, for tiles of `edge` pixels a side.
pub(super) struct Conv {
    /// Edge of a tile as it is read: 1, 4 or 6.
    edge: usize,
    /// Input channels, and how many there are with padding.
    inputs: usize,
    row: usize,
    outputs: usize,
    /// `[edge²][panels][row][PANEL]`.
    weights: Vec<f32>,
    /// With padding.
    bias: Vec<f32>,
}

impl Conv {
    /// From weights `[outputs, inputs, k, k]` where `k` is 1 or 3. `edge` is 1 for `k` = 1; 4 or 6 for 3.
    pub(super) fn new(weights: &[f32], bias: &[f32], outputs: usize, edge: usize) -> Self {
        let taps = if edge == 1 { 1 } else { 9 };
        let inputs = weights.len() / outputs / taps;
        let (row, panels) = (inputs.next_multiple_of(STEP), outputs.div_ceil(PANEL));
        let mut packed = vec![0.0; edge * edge * panels * row * PANEL];
        let (points, size) = (winograd::Filters::new(edge.max(4)), panels * row * PANEL);
        // Panel by panel, with each point's part on its own.
        let mut parts = (0..panels).map(|_| Vec::with_capacity(edge * edge)).collect::<Vec<_>>();
        for point in packed.chunks_exact_mut(size) {
            for (part, panel) in parts.iter_mut().zip(point.chunks_exact_mut(row * PANEL)) {
                part.push(panel);
            }
        }
        parts.into_par_iter().enumerate().for_each(|(panel, mut part)| {
            for output in panel * PANEL..outputs.min((panel + 1) * PANEL) {
                let filters = &weights[output * inputs * taps..][..inputs * taps];
                for (input, filter) in filters.chunks_exact(taps).enumerate() {
                    let at = input * PANEL + output % PANEL;
                    match <&[f32; 9]>::try_from(filter) {
                        Ok(filter) => {
                            part.iter_mut().zip(points.points(filter)).for_each(|(point, value)| point[at] = value);
                        }
                        Err(_) => part[0][at] = filter[0],
                    }
                }
            }
        });
        let mut bias = bias.to_vec();
        bias.resize(panels * PANEL, 0.0);
        Self { edge, inputs, row, outputs, weights: packed, bias }
    }

    /// Convolves a map and adds the result to another.
    pub(super) fn apply(&self, engine: &Engine, x: &Map, onto: Option<&Map>) -> Buffer {
        debug_assert_eq!(x.channel_count(), self.inputs);
        let job = Job { conv: self, engine, x, onto, extent: x.extent() };
        match self.edge {
            1 => job.run::<1>(),
            4 => job.run::<4>(),
            _ => job.run::<6>(),
        }
    }

    fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL)
    }

    /// The stride between two tiles: a little more than a tile, so that a point's rows do not fall into the same cache
    /// lines.
    fn tile_step(&self) -> usize {
        self.edge * self.edge * self.row + STEP
    }

    fn panel(&self, point: usize, panel: usize) -> &[f32] {
        let size = self.row * PANEL;
        &self.weights[(point * self.panels() + panel) * size..][..size]
    }
}

/// One convolution of one map.
#[derive(Clone, Copy)]
struct Job<'a> {
    conv: &'a Conv,
    engine: &'a Engine,
    x: &'a Map,
    onto: Option<&'a Map>,
    extent: [usize; 2],
}

impl Job<'_> {
    fn run<const N: usize>(self) -> Buffer {
        let [height, width] = self.extent;
        let conv = self.conv;
        let mut out = Buffer::new(self.engine, conv.outputs, self.extent);
        let written = written(N);
        let band = written * width * conv.outputs;
        let bytes = conv.weights.len() * size_of::<f32>();
        let moments = if bytes <= SMALL_WEIGHTS {
            let bands = out.values.par_chunks_mut(band).enumerate();
            bands.map(|(index, out)| self.engine.arch.dispatch(Band::<N> { job: self, index, out })).collect::<Vec<_>>()
        } else {
            let tiles = width.div_ceil(written);
            let rows = (MANY_TILES / (tiles * conv.tile_step())).clamp(1, height.div_ceil(written));
            let groups = out.values.chunks_mut(band * rows).enumerate();
            groups.flat_map(|(index, out)| self.group::<N>(index * rows, out)).collect()
        };
        out.set_moments(moments::joined(moments, conv.outputs));
        out
    }

    /// Many tiles: each step runs over all of them, so that the weights are read once.
    fn group<const N: usize>(self, first: usize, out: &mut [f32]) -> Vec<Vec<Moments>> {
        let (conv, width) = (self.conv, self.extent[1]);
        let (tiles, band) = (width.div_ceil(written(N)), written(N) * width * conv.outputs);
        let (step, count) = (conv.tile_step(), tiles * out.len().div_ceil(band));
        let mut points = self.engine.pool.lend(count * step);
        points.par_chunks_mut(tiles * step).enumerate().for_each(|(index, points)| {
            self.engine.arch.dispatch(Read::<N> { job: self, row: first + index, tiles: 0..tiles, points });
        });
        let mut products = self.engine.pool.lend(N * N * conv.panels() * count * PANEL);
        products.par_chunks_mut(count * PANEL).enumerate().for_each(|(index, products)| {
            let (point, panel) = (index / conv.panels(), index % conv.panels());
            self.engine.arch.dispatch(Multiply { conv, points: &points, count, point, panel, products });
        });
        let bands = out.par_chunks_mut(band).enumerate();
        bands
            .map(|(index, out)| {
                let write = Write::<N> { job: self, products: &products, count, first: index * tiles, tiles: 0..tiles };
                self.engine.arch.dispatch(Finish { write, row: first + index, out })
            })
            .collect()
    }
}

/// The edge of a tile's output.
const fn written(edge: usize) -> usize {
    if edge == 1 { 1 } else { winograd::written(edge) }
}

/// One row of tiles from start to end, a few tiles at a time.
struct Band<'a, const N: usize> {
    job: Job<'a>,
    index: usize,
    out: &'a mut [f32],
}

impl<const N: usize> WithSimd for Band<'_, N> {
    type Output = Vec<Moments>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let Self { job, index, out } = self;
        let conv = job.conv;
        let tiles = job.extent[1].div_ceil(written(N));
        let each = N * N * (conv.row + conv.panels() * PANEL);
        let few = (SMALL_TILES / each / 12 * 12).clamp(12, tiles.max(12));
        let mut points = job.engine.pool.lend(few * conv.tile_step());
        let mut products = job.engine.pool.lend(N * N * conv.panels() * few * PANEL);
        job.start(index * written(N), out);
        for first in (0..tiles).step_by(few) {
            let tiles = first..tiles.min(first + few);
            let count = tiles.len();
            Read::<N> { job, row: index, tiles: tiles.clone(), points: &mut points }.with_simd(simd);
            for (at, products) in products.chunks_exact_mut(count * PANEL).take(N * N * conv.panels()).enumerate() {
                let (point, panel) = (at / conv.panels(), at % conv.panels());
                Multiply { conv, points: &points, count, point, panel, products }.with_simd(simd);
            }
            Write::<N> { job, products: &products, count, first: 0, tiles }.run(simd, out);
        }
        moments::of_rows(out, conv.outputs, job.extent[1])
    }
}

impl Job<'_> {
    /// Fills rows of the output with the map that the convolution is added to.
    #[inline(always)]
    fn start(self, row: usize, out: &mut [f32]) {
        let c = self.conv.outputs;
        for (y, out) in out.chunks_exact_mut(self.extent[1] * c).enumerate() {
            match self.onto {
                Some(onto) => onto.read((row + y).cast_signed(), 0, out, c),
                None => out.fill(0.0),
            }
        }
    }
}

/// Some tiles of a row of tiles, to points: `[tiles][N²][row]`.
struct Read<'a, const N: usize> {
    job: Job<'a>,
    row: usize,
    tiles: std::ops::Range<usize>,
    points: &'a mut [f32],
}

impl<const N: usize> WithSimd for Read<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (conv, step) = (self.job.conv, self.job.conv.tile_step());
        let (edge, pad) = (written(N), isize::from(N > 1));
        let width = (self.tiles.len() - 1) * edge + N;
        let mut strip = self.job.engine.pool.lend(N * width * conv.row);
        for (i, out) in strip.chunks_exact_mut(width * conv.row).enumerate() {
            let (y, x) = ((self.row * edge + i).cast_signed() - pad, (self.tiles.start * edge).cast_signed() - pad);
            self.job.x.read(y, x, out, conv.row);
        }
        for (index, out) in self.points.chunks_exact_mut(step).take(self.tiles.len()).enumerate() {
            let out = &mut out[..N * N * conv.row];
            match N {
                1 => out.copy_from_slice(&strip[index * conv.row..][..conv.row]),
                _ => winograd::read_tile::<S, N>(simd, &strip, width, conv.row, index * edge, out),
            }
        }
    }
}

/// One point of all tiles times one panel of weights.
struct Multiply<'a> {
    conv: &'a Conv,
    points: &'a [f32],
    count: usize,
    point: usize,
    panel: usize,
    products: &'a mut [f32],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let conv = self.conv;
        let values = &self.points[self.point * conv.row..];
        let rows = Rows { values, stride: conv.tile_step(), length: conv.row, count: self.count };
        gemm::product(simd, rows, conv.panel(self.point, self.panel), self.products);
    }
}

/// The products `[N²][panels][count][PANEL]` of some tiles of a row of tiles, `first` of these and on.
struct Write<'a, const N: usize> {
    job: Job<'a>,
    products: &'a [f32],
    count: usize,
    first: usize,
    tiles: std::ops::Range<usize>,
}

impl<const N: usize> Write<'_, N> {
    /// Adds them, and the bias, to the row's output.
    #[inline(always)]
    fn run<S: Simd>(&self, simd: S, out: &mut [f32]) {
        let Job { conv, extent: [_, width], .. } = self.job;
        let (edge, step) = (written(N), conv.panels() * self.count * PANEL);
        let rows = out.len() / (width * conv.outputs);
        let mut sums = [[[0.0; PANEL]; 4]; 4];
        for (index, tile) in self.tiles.clone().enumerate() {
            for panel in 0..conv.panels() {
                let products = &self.products[(panel * self.count + self.first + index) * PANEL..];
                match N {
                    1 => sums[0][0].copy_from_slice(&products[..PANEL]),
                    _ => winograd::write_tile::<S, N>(simd, products, step, &mut sums),
                }
                let bias = &conv.bias[panel * PANEL..][..PANEL];
                let channels = PANEL.min(conv.outputs - panel * PANEL);
                for (y, sums) in sums.iter().enumerate().take(edge.min(rows)) {
                    for (x, sums) in (tile * edge..width).zip(&sums[..edge]) {
                        let out = &mut out[(y * width + x) * conv.outputs + panel * PANEL..][..channels];
                        add(out, sums, bias);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn add(out: &mut [f32], sums: &[f32; PANEL], bias: &[f32]) {
    if let (Ok(out), Ok(bias)) = (<&mut [f32; PANEL]>::try_from(&mut *out), <&[f32; PANEL]>::try_from(bias)) {
        for i in 0..PANEL {
            out[i] += sums[i] + bias[i];
        }
        return;
    }
    for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
        *out += sum + bias;
    }
}

/// A row of tiles, from its products.
struct Finish<'a, const N: usize> {
    write: Write<'a, N>,
    row: usize,
    out: &'a mut [f32],
}

impl<const N: usize> WithSimd for Finish<'_, N> {
    type Output = Vec<Moments>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let Self { write, row, out } = self;
        write.job.start(row * written(N), out);
        write.run(simd, out);
        moments::of_rows(out, write.job.conv.outputs, write.job.extent[1])
    }
}
