//! Bands of rows, shared among the threads. The division into bands does not depend on the threads, and sums are added
//! band by band, so the result is the same with any number of threads.

use super::{
    entry::{Below, Line, Place},
    head::Head,
    net::{Gradient, Net, Widths, fold_bias},
    tile::{Tile, positions},
};
use crate::ops::Window;
use bunraku_engine::aligned::Aligned;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// The most bands, and so the most threads with work to do.
const BANDS: usize = 16;

/// A block's input for `n` poses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    pub(crate) window: Window,
    pub(crate) widths: &'a Widths,
    /// Flat, as [`Widths`] says.
    pub(crate) params: &'a [f32],
    /// `[n, width]`.
    pub(crate) bias: &'a [f32],
    /// `[n, height, width, channels]` on [`Window::below`].
    pub(crate) below: Option<&'a [f32]>,
}

impl Input<'_> {
    pub(crate) fn examples(&self) -> usize {
        self.bias.len() / self.widths.sine[0]
    }

    fn below(&self, example: usize) -> Option<Below<'_>> {
        let channels = self.widths.sine[0];
        let len = self.window.below().len() * channels;
        self.below.map(|below| Below { values: &below[example * len..(example + 1) * len], channels })
    }
}

/// The rows of each band; an even number except in the last.
pub(super) fn bands(window: Window) -> Vec<Range<usize>> {
    let rows = window.height.div_ceil(BANDS).next_multiple_of(2);
    (0..window.height).step_by(rows).map(|first| first..(first + rows).min(window.height)).collect()
}

/// The gradient of a block's input.
#[derive(Clone, Debug)]
pub(crate) struct InputGradient {
    pub(crate) params: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) below: Option<Vec<f32>>,
}

/// Runs a block, each band with a head of its own; with `gradient`, the heads leave the exit's gradient.
pub(super) fn run(input: Input<'_>, heads: Vec<&mut dyn Head>, gradient: bool) -> Option<InputGradient> {
    match input.widths.most() {
        ..=112 => run_wide::<112>(input, heads, gradient),
        113..=208 => run_wide::<208>(input, heads, gradient),
        _ => run_wide::<400>(input, heads, gradient),
    }
}

/// The widest layer that the kernels support.
pub(crate) const WIDEST: usize = 400;

fn run_wide<const LD: usize>(input: Input<'_>, heads: Vec<&mut dyn Head>, gradient: bool) -> Option<InputGradient> {
    let arch = Arch::new();
    let lanes = arch.dispatch(Lanes);
    let net = Net::new(lanes, input.widths, input.params);
    let biases = input.bias.chunks_exact(net.width).map(|bias| fold_bias(lanes, bias)).collect::<Vec<_>>();
    let bands = bands(input.window);
    let work = |(tile, line): &mut (Tile<LD>, Line<LD>), (rows, head): (&Range<usize>, &mut dyn Head)| {
        let mut sums = gradient.then(|| Sums::new(lanes, &net, input, rows.clone()));
        arch.dispatch(Band {
            input,
            net: &net,
            biases: &biases,
            rows: rows.clone(),
            head,
            tile,
            line,
            sums: sums.as_mut(),
        });
        sums
    };
    let below = input.below.map_or(0, |_| input.window.below().width);
    let scratch = || (Tile::<LD>::new(&net), Line::<LD>::new(below));
    let sums = bands.par_iter().zip(heads).map_init(scratch, work).collect::<Vec<_>>();
    let sums = sums.into_iter().collect::<Option<Vec<_>>>()?;
    Some(gather(input, lanes, &sums))
}

/// The number of lanes of a vector.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// A band's gradients.
struct Sums {
    weights: Gradient,
    /// The first row of [`Window::below`] that the band reads.
    first: usize,
    /// For each example, the gradient of the rows from `first` on, `[rows, width, whole vectors]`.
    below: Vec<Aligned>,
}

impl Sums {
    fn new(lanes: usize, net: &Net, input: Input<'_>, rows: Range<usize>) -> Self {
        let part = Window { row: input.window.row + rows.start, height: rows.len(), ..input.window };
        let (part, whole) = (part.below(), input.window.below());
        let len = part.height * part.width * net.vectors * lanes;
        let count = if input.below.is_some() { input.examples() } else { 0 };
        Self {
            weights: Gradient::new(lanes, net, input.examples()),
            first: part.row - whole.row,
            below: (0..count).map(|_| Aligned::new(len)).collect(),
        }
    }
}

struct Band<'a, const LD: usize> {
    input: Input<'a>,
    net: &'a Net,
    biases: &'a [Aligned],
    rows: Range<usize>,
    head: &'a mut dyn Head,
    tile: &'a mut Tile<LD>,
    line: &'a mut Line<LD>,
    sums: Option<&'a mut Sums>,
}

impl<const LD: usize> WithSimd for Band<'_, LD> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { input, net, biases, rows, head, tile, line, mut sums } = self;
        let (window, channels) = (input.window, input.widths.exit);
        for (example, bias) in biases.iter().enumerate() {
            let below = input.below(example);
            for row in rows.clone() {
                if let Some(below) = below {
                    line.read(simd, below, window, row);
                }
                for column in (0..window.width).step_by(positions(LD)) {
                    let count = positions(LD).min(window.width - column);
                    let place = Place { window, row, column, count };
                    tile.features(simd, net, bias, below.map(|_| &*line), place, sums.is_some());
                    if head.looks() {
                        tile.exit(simd, net, count);
                    }
                    for (index, exit) in tile.exit[..count].iter_mut().enumerate() {
                        head.position(example, place, index, &mut exit.0[..channels]);
                    }
                    if let Some(sums) = &mut sums {
                        tile.backward(simd, net, below.map(|_| &mut *line), place, example, &mut sums.weights);
                    }
                }
                if let Some(sums) = &mut sums
                    && below.is_some()
                {
                    line.give(simd, &mut sums.below[example], sums.first, net.vectors);
                }
            }
        }
    }
}

/// Sums the bands.
fn gather(input: Input<'_>, lanes: usize, bands: &[Sums]) -> InputGradient {
    let below = input.below.map(|below| {
        let (width, window) = (input.widths.sine[0], input.window.below());
        let stride = width.next_multiple_of(lanes);
        let mut sum = vec![0.0; below.len()];
        sum.par_chunks_mut(window.width * width).enumerate().for_each(|(index, row)| {
            let (example, index) = (index / window.height, index % window.height);
            for band in bands {
                let values = &band.below[example];
                let at = index.wrapping_sub(band.first).wrapping_mul(window.width * stride);
                let Some(from) = values.get(at..at.wrapping_add(window.width * stride)) else { continue };
                for (to, from) in row.chunks_exact_mut(width).zip(from.chunks_exact(stride)) {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
                }
            }
        });
        sum
    });
    let mut weights = bands.iter().map(|band| &band.weights);
    let mut total = Gradient::new(lanes, &Net::new(lanes, input.widths, input.params), input.examples());
    weights.by_ref().for_each(|part| total.add(part));
    let (params, bias) = total.unfold(input.widths);
    InputGradient { params, bias, below }
}
