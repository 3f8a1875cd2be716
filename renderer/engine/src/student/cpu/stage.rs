//! A stage of the student on its whole grid.

use super::{
    dense::{Strides, VECTORS, dense},
    map::Map,
    packed::{Packed, Tile},
    spans::Columns,
    threads::{Scratches, Threads},
    upsample::Upsample,
};
use crate::{
    aligned::{Aligned, LINE},
    sine::sines,
    student::{
        Entry, Stage,
        axis::{Axis, position},
    },
};
use bunraku_core::pose::Pose;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// Floats of one of the two feature buffers of a group of panels: both stay within a second-level cache of 512 KiB.
const GROUP: usize = 48 * 1024;

/// A stage of the plan, packed, with the map it fills.
#[derive(Debug)]
pub(super) struct StageRun {
    entry: Entry,
    bias: Vec<f32>,
    hidden: Vec<Packed>,
    exit: Packed,
    /// x of every column, whole panels; columns past the last repeat it.
    columns: Vec<f32>,
    /// Onto the level below; unused where there is none.
    pub(super) axis: Axis,
    panels_at_once: usize,
    width: usize,
    panel: usize,
    pub(super) map: Map,
}

/// One thread's buffers for a row of a stage.
#[derive(Debug)]
pub(super) struct Scratch {
    from: Aligned,
    to: Aligned,
    line: Vec<f32>,
    upsampled: Aligned,
}

impl StageRun {
    /// Prepares `stage` for a grid of `edge` points, over a level below of `below` points.
    pub(super) fn new(stage: &Stage, tile: Tile, edge: usize, below: usize) -> Self {
        let map = Map::new(edge, stage.exit.outputs, tile.panel);
        Self {
            bias: vec![0.0; stage.entry.width()],
            hidden: stage.hidden.iter().map(|layer| Packed::new(layer, tile)).collect(),
            exit: Packed::new(&stage.exit, tile),
            columns: (0..map.stride).map(|x| position(x.min(edge - 1), edge)).collect(),
            axis: Axis::new(below, edge),
            panels_at_once: (GROUP / (stage.width() * tile.panel)).max(1),
            width: stage.width(),
            panel: tile.panel,
            entry: stage.entry.clone(),
            map,
        }
    }

    /// Room for one thread's work on this stage.
    pub(super) fn scratch(&self) -> Scratch {
        let positions = self.panels_at_once * self.panel;
        Scratch {
            from: Aligned::new(self.width * positions),
            to: Aligned::new(self.width * positions),
            line: vec![0.0; positions + 2],
            upsampled: Aligned::new(positions),
        }
    }

    /// Fills the map for `pose`, from the map of the level below where there is one; where `columns` are given, only
    /// those of each row are sure to be.
    pub(super) fn run(
        &mut self,
        pose: &Pose,
        below: Option<&Map>,
        columns: Option<&Columns>,
        threads: &Threads,
        scratches: &Scratches<Scratch>,
    ) {
        self.entry.fold_pose(pose, &mut self.bias);
        let mut values = std::mem::take(&mut self.map.values);
        let below = below.map(|map| Upsample { map, rows: &self.axis, columns: &self.axis });
        let stage = &*self;
        threads.install(|| {
            let rows = values.par_chunks_mut(stage.map.channels * stage.map.stride).enumerate();
            rows.for_each(|(y, out)| {
                let columns = columns.map_or(0..stage.map.edge, |columns| columns[y].clone());
                let columns = whole_panels(&columns, stage.panel, stage.map.stride);
                let scratch = &mut *scratches.mine();
                threads.arch.dispatch(Row { stage, below: below.as_ref(), y, columns, out, scratch });
            });
        });
        self.map.values = values;
    }
}

/// The least range of whole panels that holds `columns` and lies in a row; it begins on a cache line.
fn whole_panels(columns: &Range<usize>, panel: usize, stride: usize) -> Range<usize> {
    let first = columns.start / LINE * LINE;
    let count = columns.end.saturating_sub(first).next_multiple_of(panel);
    let first = first.min(stride - count.min(stride));
    first..first + count.min(stride)
}

/// One row of a stage, to be computed with the machine's widest vectors.
struct Row<'a> {
    stage: &'a StageRun,
    below: Option<&'a Upsample<'a>>,
    y: usize,
    columns: Range<usize>,
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { stage, below, y, columns, out, scratch } = self;
        let group = stage.panels_at_once * stage.panel;
        for first in columns.clone().step_by(group) {
            let count = group.min(columns.end - first);
            enter(simd, stage, below, y, first, count, scratch);
            let Scratch { from, to, .. } = scratch;
            let (mut from, mut to) = (&mut **from, &mut **to);
            for layer in &stage.hidden {
                let strides = Strides { panel: layer.outputs * stage.panel, channel: stage.panel };
                dense::<S, true>(simd, layer, &from[..layer.inputs * count], to, &strides);
                std::mem::swap(&mut from, &mut to);
            }
            let strides = Strides { panel: stage.panel, channel: stage.map.stride };
            dense::<S, false>(simd, &stage.exit, &from[..stage.exit.inputs * count], &mut out[first..], &strides);
        }
    }
}

/// Fills `scratch.from` with the features after the first sine, for `count` positions of row `y` from column `first`.
#[inline(always)]
fn enter<S: Simd>(
    simd: S,
    stage: &StageRun,
    below: Option<&Upsample<'_>>,
    y: usize,
    first: usize,
    count: usize,
    scratch: &mut Scratch,
) {
    let Scratch { from, line, upsampled, .. } = scratch;
    let width = stage.entry.width();
    let y_position = position(y, stage.map.edge);
    let columns = &stage.columns[first..first + count];
    for channel in 0..width {
        let base = simd.splat_f32s(stage.entry.y[channel].mul_add(y_position, stage.bias[channel]));
        let slope = simd.splat_f32s(stage.entry.x[channel]);
        if let Some(below) = below {
            below.read(y, channel, first, line, &mut upsampled[..count]);
        }
        let positions = S::as_simd_f32s(columns).0.chunks_exact(VECTORS);
        let features = S::as_simd_f32s(&upsampled[..count]).0.chunks_exact(VECTORS);
        let panels = from.chunks_exact_mut(width * stage.panel);
        for ((x, feature), panel) in positions.zip(features).zip(panels) {
            let (to, _) = S::as_mut_simd_f32s(&mut panel[channel * stage.panel..][..stage.panel]);
            for ((to, &x), &feature) in to.iter_mut().zip(x).zip(feature) {
                let sum = simd.mul_add_e_f32s(slope, x, base);
                *to = sines(simd, if below.is_some() { simd.add_f32s(sum, feature) } else { sum });
            }
        }
    }
}
